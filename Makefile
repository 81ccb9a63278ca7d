# The words for everyday work; dev.py is what they mean. ARGS go to the tool: make test ARGS="-k guide"
PYTHON ?= python3
VERBS := run test check requirements screenshots

.PHONY: help $(VERBS)

help:
	@$(PYTHON) dev.py help

$(VERBS):
	@exec $(PYTHON) dev.py $@ $(ARGS)
