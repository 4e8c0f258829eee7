"""`python -m tooling.generate`: what `./heidi generate` does, where there is no command line."""

from tooling.generate import generate

for name in generate():
    print(name, "written")
