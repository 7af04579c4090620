"""The ``commonground`` command: its groups, and how a failure is shown."""

import sys
import traceback

import cyclopts

import commonground
from commonground.errors import CommongroundError

app = cyclopts.App(
    name="commonground",
    help="Public infrastructure for foundation models: one repository, every protocol.",
    version=commonground.__version__,
)
# Modules are imported when their command runs: `commonground --help` stays quick.
app.command("commonground.cli.serve:serve", name="serve", help="Run the server.")
app.command("commonground.cli.admin:app", name="admin", help="Create users, organisations and tokens.")
app.command("commonground.cli.configuration:app", name="config", help="Show the settings.")
app.command("commonground.cli.demo:demo", name="demo", help="Load the sample models and data sets.")
app.command("commonground.cli.maintenance:fsck", name="fsck", help="Check that every reference leads to sound content.")
app.command("commonground.cli.maintenance:gc", name="gc", help="Remove content that nothing refers to.")
app.command("commonground.cli.maintenance:scrub", name="scrub", help="Re-read all stored content and verify its hashes.")


def main() -> None:
    """Entry point: one readable line for an expected failure, a traceback only with ``--debug``."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        app([a for a in arguments if a != "--debug"])
    except CommongroundError as error:
        if debug:
            traceback.print_exc()
        print(f"{error.code}: {error}", file=sys.stderr)
        sys.exit(1)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)
