"""The WSGI application, for any WSGI server."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from polyant import loading
from polyant.keys import require_keys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyant.settings")

try:
    # System checks do not run under a WSGI server, and a server without its keys must not start.
    require_keys()
    loading.begin()
    application = get_wsgi_application()
    loading.end()
except ImproperlyConfigured as error:
    sys.exit(str(error))
