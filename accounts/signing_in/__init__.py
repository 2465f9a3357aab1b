"""Getting in: passwords, second steps, who has to wait, and what a web session has proved. Read `session` first."""
