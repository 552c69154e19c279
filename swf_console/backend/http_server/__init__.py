"""What the HTTP servers of a home share: address file, socket, security, responses."""
