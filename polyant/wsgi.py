"""The WSGI application, for any WSGI server."""

import os
import sys
from importlib import import_module

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from polyant import loading
from polyant.keys import require_keys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyant.settings")

loading.begin()
try:
    # System checks do not run under a WSGI server, and a server without its keys must not start.
    require_keys()
    application = get_wsgi_application()
    import_module(settings.ROOT_URLCONF)  # now, not during the first request
    loading.end()
except ImproperlyConfigured as error:
    sys.exit(str(error))
