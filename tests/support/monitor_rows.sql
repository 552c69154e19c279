-- A row in each of these tables as the monitor's models write it: every column of theirs, none of anybody else's.
-- The question mark stands for a number.
INSERT INTO swf_workflow_definitions (workflow_name, version, workflow_type, definition, parameter_values,
  created_by, created_at, updated_at)
VALUES ('of_the_monitor', '?', 'custom', 'code', '{}', 'web', now(), now());
INSERT INTO swf_workflow_executions (execution_id, workflow_definition_id, namespace, parameter_values,
  performance_metrics, status, start_time, end_time, executed_by)
VALUES ('of_the_monitor-web-?', (SELECT max(id) FROM swf_workflow_definitions), 'web', '{"stf_count": ?}',
  NULL, 'completed', now(), now(), 'web');
INSERT INTO swf_systemagent (instance_name, agent_type, description, status, last_heartbeat, agent_url,
  workflow_enabled, current_stf_count, total_stf_processed, last_stf_processed, pid, hostname,
  operational_state, namespace, metadata, created_at, updated_at)
VALUES ('data-agent-web-?', 'data', '', 'OK', now(), NULL, true, 0, ?, NULL, 1, 'h', 'READY', 'web', NULL,
  now(), now());
INSERT INTO swf_namespace (name, owner, description, metadata, created_at, updated_at)
VALUES ('web?', 'web', '', NULL, now(), now());
INSERT INTO swf_runs (run_number, start_time, end_time, run_conditions) VALUES (99?, now(), NULL, '{}');
INSERT INTO swf_workflow_messages (message_id, workflow_id, stage_id, message_type, request_id, sender_agent,
  sender_type, recipient_agent, recipient_type, namespace, execution_id, run_id, message_content,
  message_metadata, sent_at, delivered_at, acknowledged_at, is_successful, error_message, queue_name,
  correlation_id)
VALUES (gen_random_uuid(), NULL, NULL, 'stf_gen', NULL, 'daq', NULL, NULL, NULL, 'web',
  'of_the_monitor-web-?', '99?', '{"sequence": ?}', '{}', now(), NULL, NULL, NULL, NULL, 'epictopic', NULL);
INSERT INTO swf_run_state (run_number, phase, state, substate, target_worker_count, active_worker_count,
  stf_samples_received, slices_created, slices_queued, slices_processing, slices_completed, slices_failed,
  state_changed_at, updated_at, metadata)
VALUES (99?, 'run', 'run', 'physics', 4, 0, 0, 0, 0, 0, 0, 0, now(), now(), NULL);
