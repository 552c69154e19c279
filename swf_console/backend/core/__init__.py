"""What every layer needs: errors, settings, files, logs, times and text; standard library only."""
