"""What is around the screens: frame, navigation, global actions, keys, alarms."""
