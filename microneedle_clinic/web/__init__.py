"""What holds for every request and every answer, whoever makes it: headers, limits, sound input, the server's own worker."""
