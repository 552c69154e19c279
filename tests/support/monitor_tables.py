"""The tables of spec and monitor as data: what ours must have, name by name."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Expected:
    """A table: columns as `name type`, a question mark after the type of a nullable one."""

    columns: str
    key: str
    uniques: list[str] = field(default_factory=list)
    foreign_keys: dict[str, str] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)


TABLES = {
    "swf_systemagent": Expected(
        columns="""
            id bigint
            instance_name varchar(100)
            agent_type varchar(20)
            description text
            status varchar(10)
            last_heartbeat timestamptz?
            agent_url varchar(200)?
            workflow_enabled boolean
            current_stf_count integer
            total_stf_processed integer
            last_stf_processed timestamptz?
            pid integer?
            hostname varchar(100)?
            operational_state varchar(20)
            namespace varchar(100)?
            metadata jsonb?
            created_at timestamptz
            updated_at timestamptz
        """,
        key="id",
        uniques=["instance_name"],
        indexes={
            "swf_systemagent_namespace_095b5b2c": "namespace",
        },
    ),
    "swf_applog": Expected(
        columns="""
            id bigint
            app_name varchar(100)
            instance_name varchar(100)
            timestamp timestamptz
            level integer
            levelname varchar(50)
            message text
            module varchar(255)
            funcname varchar(255)
            lineno integer
            process integer
            thread bigint
            extra_data jsonb?
        """,
        key="id",
        indexes={
            "swf_applog_app_name_66f0dc0f": "app_name",
            "swf_applog_instance_name_9c1c173c": "instance_name",
            "swf_applog_timestamp_fb0b69c3": "timestamp",
            "swf_applog_level_45df2d72": "level",
            "swf_applog_timesta_ad9cbc_idx": "timestamp app_name instance_name",
        },
    ),
    "swf_runs": Expected(
        columns="""
            run_id integer
            run_number integer
            start_time timestamptz
            end_time timestamptz?
            run_conditions jsonb?
        """,
        key="run_id",
        uniques=["run_number"],
    ),
    "swf_stf_files": Expected(
        columns="""
            file_id uuid
            run_id integer
            machine_state varchar(64)
            stf_filename varchar(255)
            file_size_bytes bigint?
            checksum varchar(64)?
            created_at timestamptz
            status varchar(20)
            metadata jsonb?
            workflow_id uuid?
            daq_state varchar(20)?
            daq_substate varchar(20)?
            workflow_status varchar(30)?
            tf_count integer?
        """,
        key="file_id",
        uniques=["stf_filename"],
        foreign_keys={"run_id": "swf_runs.run_id"},
        indexes={
            "swf_stf_files_run_id_9a2165d5": "run_id",
            "swf_stf_files_workflow_id_055cc696": "workflow_id",
        },
    ),
    "swf_subscribers": Expected(
        columns="""
            subscriber_id integer
            subscriber_name varchar(255)
            fraction double precision?
            description text?
            is_active boolean
            created_at timestamptz
            updated_at timestamptz
            delivery_type varchar(20)
            client_ip inet?
            client_location varchar(255)
            connected_at timestamptz?
            disconnected_at timestamptz?
            last_activity timestamptz?
            message_filters jsonb
            messages_received integer
            messages_sent integer
            messages_dropped integer
        """,
        key="subscriber_id",
        uniques=["subscriber_name"],
        indexes={
            "swf_subscri_deliver_1836c2_idx": "delivery_type is_active",
        },
    ),
    "swf_fastmon_files": Expected(
        columns="""
            tf_file_id uuid
            stf_file_id uuid
            tf_filename varchar(255)
            file_size_bytes bigint?
            checksum varchar(64)?
            status varchar(20)
            metadata jsonb?
            created_at timestamptz
            updated_at timestamptz
            tf_count integer?
            tf_first integer?
            tf_last integer?
        """,
        key="tf_file_id",
        uniques=["tf_filename"],
        foreign_keys={"stf_file_id": "swf_stf_files.file_id"},
        indexes={
            "swf_fastmon_files_stf_file_id_5994a143": "stf_file_id",
        },
    ),
    "swf_tf_slices": Expected(
        columns="""
            id bigint
            fastmon_file_id uuid
            slice_id integer
            tf_first integer
            tf_last integer
            tf_count integer
            run_number integer
            status varchar(20)
            retries integer
            metadata jsonb?
            created_at timestamptz
            updated_at timestamptz
            assigned_worker varchar(255)?
            assigned_at timestamptz?
            completed_at timestamptz?
        """,
        key="id",
        uniques=["fastmon_file_id slice_id"],
        foreign_keys={"fastmon_file_id": "swf_fastmon_files.tf_file_id"},
        indexes={
            "swf_tf_slices_fastmon_file_id_6e7f1071": "fastmon_file_id",
            "swf_tf_slices_run_number_7f432352": "run_number",
            "swf_tf_slic_run_num_783be1_idx": "run_number status",
            "swf_tf_slic_fastmon_status_idx": "fastmon_file_id status",
            "swf_tf_slic_status_a09d78_idx": "status created_at",
        },
    ),
    "swf_workers": Expected(
        columns="""
            worker_id varchar(255)
            run_number integer
            panda_job varchar(255)
            location varchar(255)
            status varchar(20)
            current_slice_id integer?
            tf_filename varchar(255)?
            slices_completed integer
            last_heartbeat timestamptz?
            started_at timestamptz
            ended_at timestamptz?
            metadata jsonb?
        """,
        key="worker_id",
        indexes={
            "swf_workers_run_number_e9d22704": "run_number",
            "swf_workers_run_num_e495fa_idx": "run_number status",
        },
    ),
    "swf_run_state": Expected(
        columns="""
            run_number integer
            phase varchar(20)
            state varchar(20)
            substate varchar(20)?
            target_worker_count integer
            active_worker_count integer
            stf_samples_received integer
            slices_created integer
            slices_queued integer
            slices_processing integer
            slices_completed integer
            slices_failed integer
            state_changed_at timestamptz
            updated_at timestamptz
            metadata jsonb?
        """,
        key="run_number",
    ),
    "swf_system_state_events": Expected(
        columns="""
            event_id integer
            timestamp timestamptz
            run_number integer
            event_type varchar(50)
            state varchar(20)
            substate varchar(20)?
            event_data jsonb
        """,
        key="event_id",
        indexes={
            "swf_system_state_events_timestamp_54e337bf": "timestamp",
            "swf_system_state_events_run_number_ec8a21e7": "run_number",
            "swf_system_state_events_event_type_e0d9fd67": "event_type",
            "swf_system_state_events_state_fe4ff0e9": "state",
            "swf_system_state_events_substate_62dc981d": "substate",
            "swf_system__timesta_12647a_idx": "timestamp run_number",
        },
    ),
    "swf_persistent_state": Expected(
        columns="""
            id integer
            state_data jsonb
            updated_at timestamptz
        """,
        key="id",
    ),
    "swf_stf_workflows": Expected(
        columns="""
            workflow_id uuid
            filename varchar(255)
            file_id uuid?
            namespace varchar(100)?
            execution_id varchar(100)?
            run_id varchar(50)?
            daq_state varchar(20)
            daq_substate varchar(20)
            generated_time timestamptz
            stf_start_time timestamptz
            stf_end_time timestamptz
            current_status varchar(30)
            current_agent varchar(20)
            completed_at timestamptz?
            failed_at timestamptz?
            failure_reason text?
            stf_metadata jsonb?
            created_at timestamptz
            updated_at timestamptz
        """,
        key="workflow_id",
        uniques=["filename"],
        indexes={
            "swf_stf_workflows_namespace_f373e34c": "namespace",
            "swf_stf_workflows_execution_id_101eace0": "execution_id",
            "swf_stf_workflows_run_id_eb2b160c": "run_id",
            "swf_stf_wor_current_2362bd_idx": "current_status generated_time",
            "swf_stf_wor_daq_sta_d7effc_idx": "daq_state daq_substate",
            "swf_stf_wor_current_b6bc73_idx": "current_agent",
            "swf_stf_wor_namespa_e6efb3_idx": "namespace execution_id",
            "swf_stf_wor_namespa_22a7e6_idx": "namespace run_id",
        },
    ),
    "swf_agent_workflow_stages": Expected(
        columns="""
            stage_id uuid
            workflow_id uuid
            agent_name varchar(100)
            agent_type varchar(20)
            status varchar(30)
            received_at timestamptz?
            started_at timestamptz?
            completed_at timestamptz?
            failed_at timestamptz?
            processing_time_seconds double precision?
            failure_reason text?
            input_message jsonb?
            output_message jsonb?
            stage_metadata jsonb?
            created_at timestamptz
            updated_at timestamptz
        """,
        key="stage_id",
        uniques=["workflow_id agent_name agent_type"],
        foreign_keys={"workflow_id": "swf_stf_workflows.workflow_id"},
        indexes={
            "swf_agent_workflow_stages_workflow_id_060467ec": "workflow_id",
            "swf_agent_w_workflo_2375d6_idx": "workflow_id agent_type",
            "swf_agent_w_agent_n_998699_idx": "agent_name status",
            "swf_agent_w_receive_6c232f_idx": "received_at",
        },
    ),
    "swf_workflow_messages": Expected(
        columns="""
            message_id uuid
            workflow_id uuid?
            stage_id uuid?
            message_type varchar(50)
            request_id integer?
            sender_agent varchar(100)?
            sender_type varchar(20)?
            recipient_agent varchar(100)?
            recipient_type varchar(20)?
            namespace varchar(100)?
            execution_id varchar(100)?
            run_id varchar(50)?
            message_content jsonb
            message_metadata jsonb?
            sent_at timestamptz
            delivered_at timestamptz?
            acknowledged_at timestamptz?
            is_successful boolean?
            error_message text?
            queue_name varchar(100)?
            correlation_id varchar(100)?
        """,
        key="message_id",
        foreign_keys={
            "workflow_id": "swf_stf_workflows.workflow_id",
            "stage_id": "swf_agent_workflow_stages.stage_id",
        },
        indexes={
            "swf_workflow_messages_workflow_id_0515ebc8": "workflow_id",
            "swf_workflow_messages_stage_id_221b9ea1": "stage_id",
            "swf_workflow_messages_namespace_6ecc2826": "namespace",
            "swf_workflow_messages_execution_id_79347dfb": "execution_id",
            "swf_workflow_messages_run_id_132ff43b": "run_id",
            "swf_workflo_workflo_0fe275_idx": "workflow_id message_type",
            "swf_workflo_sender__34fb10_idx": "sender_agent sent_at",
            "swf_workflo_message_cb52f7_idx": "message_type sent_at",
            "swf_workflo_namespa_5ae127_idx": "namespace execution_id",
            "swf_workflo_namespa_dd7c26_idx": "namespace run_id",
        },
    ),
    "swf_workflow_definitions": Expected(
        columns="""
            id bigint
            workflow_name varchar(200)
            version varchar(50)
            workflow_type varchar(100)
            definition text
            parameter_values jsonb
            created_by varchar(100)
            created_at timestamptz
            updated_at timestamptz
        """,
        key="id",
        uniques=["workflow_name version"],
    ),
    "swf_workflow_executions": Expected(
        columns="""
            execution_id varchar(100)
            workflow_definition_id bigint
            namespace varchar(100)?
            parameter_values jsonb
            performance_metrics jsonb?
            status varchar(50)
            start_time timestamptz
            end_time timestamptz?
            executed_by varchar(100)
        """,
        key="execution_id",
        foreign_keys={"workflow_definition_id": "swf_workflow_definitions.id"},
        indexes={
            "swf_workflow_executions_workflow_definition_id_527d2e0a": "workflow_definition_id",
            "swf_workflow_executions_namespace_da80237b": "namespace",
        },
    ),
    "swf_namespace": Expected(
        columns="""
            name varchar(100)
            owner varchar(100)
            description text
            metadata jsonb?
            created_at timestamptz
            updated_at timestamptz
        """,
        key="name",
    ),
}
