"""What gunicorn takes from here wherever it is started in this folder; the command line may add to it. See docs/operations.md."""

import os
import subprocess
import sys
from pathlib import Path

from gunicorn.http import wsgi

wsgi.SERVER = "clinic"  # the header tells neither program nor version

worker_class = "microneedle_clinic.web.worker.CalmWorker"
workers = 2
threads = 8
timeout = 60
graceful_timeout = 5
keepalive = 5
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
# No header says where in the address the clinic begins, not even through its own proxy: many pass on what a caller made up.
forwarder_headers = ""

limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190

loglevel = "warning"
logger_class = "microneedle_clinic.web.worker.CalmLogger"
# Never a query, a referrer or a body: the address alone. Switched on with --access-logfile.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'


def on_starting(server):
    """Once, before any worker: in a process of its own, so that a worker that is started again reads the code as it is then."""
    manage = Path(__file__).resolve().parent / "manage.py"
    if subprocess.run([sys.executable, str(manage), "ready_to_open"], check=False).returncode:  # noqa: S603 - a fixed command of ours
        sys.exit(1)
    os.environ["CLINIC_START_LOOKED_AT"] = "1"
