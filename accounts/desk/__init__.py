"""The desk somebody works at: web sessions, the lock of a screen that is left, the PIN that opens it, one's own list of both."""
