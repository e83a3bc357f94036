# Placeholder until the full Makefile lands.
all:
	@true
