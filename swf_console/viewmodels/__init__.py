"""What screens show, as plain values and without a widget: read from the backend, checked, formatted."""
