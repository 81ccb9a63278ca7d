# The commands for everyday work, which dev.py carries out. ARGS go to the tool: make test ARGS="-k guide"
PYTHON ?= python3
VERBS := run test check requirements screenshots

.PHONY: help $(VERBS)

help:
	@$(PYTHON) dev.py help

$(VERBS):
	@exec $(PYTHON) dev.py $@ $(ARGS)
