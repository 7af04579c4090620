"""The ``commonground`` command: its groups, and how a failure is shown."""

import sys
import traceback

import cyclopts

import commonground
from commonground.cli.hints import line_of
from commonground.errors import CommongroundError, InvalidArguments, UnusableFile

app = cyclopts.App(
    name="commonground",
    help="Public infrastructure for foundation models: one repository, every protocol.",
    version=commonground.__version__,
)
# Modules are imported when their command runs: `commonground --help` stays quick.
app.command("commonground.cli.serve:serve", name="serve", help="Run the server.")
app.command("commonground.cli.admin:app", name="admin", help="Create users, organisations, tokens and invitations.")
app.command("commonground.cli.configuration:app", name="config", help="Show the settings.")
app.command("commonground.cli.demo:demo", name="demo", help="Load the sample models and data sets.")
app.command("commonground.cli.maintenance:fsck", name="fsck", help="Check that every reference leads to sound content.")
app.command("commonground.cli.maintenance:gc", name="gc", help="Remove content that nothing refers to.")
app.command(
    "commonground.cli.maintenance:scrub", name="scrub", help="Re-read all stored content and verify its hashes."
)
app.command("commonground.cli.account:login", name="login", help="Remember the access token of a hub.")
app.command("commonground.cli.account:logout", name="logout", help="Forget the access token of a hub.")
app.command("commonground.cli.account:whoami", name="whoami", help="Show who the hub takes you for.")
app.command("commonground.cli.tokens:app", name="tokens", help="List, create and revoke access tokens.")
app.command("commonground.cli.tokens:create_access_key", name="access-key", help="Print a key pair for S3 clients.")
app.command("commonground.cli.repositories:app", name="repositories", help="Find, create and change repositories.")
app.command("commonground.cli.files:app", name="files", help="List, upload, download and delete files.")
app.command("commonground.cli.branches:app", name="branches", help="List, create and delete branches.")
app.command("commonground.cli.tags:app", name="tags", help="List, create and delete tags.")
app.command("commonground.cli.commits:app", name="commits", help="List and make commits.")
app.command("commonground.cli.likes:like", name="like", help="Like a repository.")
app.command("commonground.cli.likes:unlike", name="unlike", help="Take a like back.")
app.command("commonground.cli.likes:likes", name="likes", help="List what a user likes.")
app.command("commonground.cli.likes:likers", name="likers", help="List who likes a repository.")
app.command("commonground.cli.commits:diff", name="diff", help="Compare two revisions.")
app.command("commonground.cli.supply_chain:manifest", name="manifest", help="List the digests of all files.")
app.command("commonground.cli.supply_chain:sbom", name="sbom", help="Print the bill of materials of a repository.")
app.command("commonground.cli.supply_chain:sign", name="sign", help="Sign the files of a repository.")
app.command("commonground.cli.supply_chain:verify", name="verify", help="Check the signature of a repository.")
app.command("commonground.cli.validate:validate", name="validate", help="Check a card, a description or weights.")
app.command("commonground.cli.validate:schema", name="schema", help="Print the JSON Schema of a kind of document.")
app.command("commonground.cli.server:server", name="server", help="Show a hub's version and limits.")
app.command("commonground.cli.server:tasks", name="tasks", help="Show a hub's background tasks.")
app.command("commonground.cli.events_command:events", name="events", help="Show what happens on a hub.")
app.command("commonground.cli.runs:app", name="runs", help="List, follow, cancel and resume runs.")
app.command("commonground.cli.replay:replay", name="replay", help="Execute a run once more and compare the results.")
app.command("commonground.cli.privacy:app", name="privacy", help="Show and limit what runs may learn of rows.")
app.command("commonground.cli.schedules:app", name="schedules", help="Submit specifications again and again.")
app.command("commonground.cli.lineage:lineage", name="lineage", help="Show where a revision comes from.")
app.command("commonground.cli.proxy:app", name="proxy", help="Stand in for servers that are written into clients.")
app.command("commonground.cli.torch_home:torch_home", name="torch-home", help="Download a model for torch.hub.")
app.command("commonground.cli.fairseq2:app", name="fairseq2", help="Let fairseq2 find the models of a hub.")
app.command(
    "commonground.cli.conformance:conformance", name="conformance", help="Score how well a hub speaks a protocol."
)
app.command("commonground.cli.train:app", name="train", help="Measure this machine, predict and run training.")
app.command("commonground.cli.doctor:doctor", name="doctor", help="Check this machine and the data directory.")


def main() -> None:
    """Entry point: one readable line for an expected failure, a traceback only with ``--debug``."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        app([a for a in arguments if a != "--debug"], exit_on_error=False, print_error=False)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)
    except (CommongroundError, OSError, cyclopts.CycloptsError) as failure:
        if debug:
            traceback.print_exc()
        print(line_of(_expected(failure)), file=sys.stderr)
        sys.exit(1)


def _expected(failure: Exception) -> CommongroundError:
    """``failure`` as an error with a code."""
    if isinstance(failure, CommongroundError):
        return failure
    if isinstance(failure, OSError):
        return UnusableFile(path=failure.filename or "a file", reason=failure.strerror or failure)
    chain = getattr(failure, "command_chain", None) or ()
    return InvalidArguments(reason=failure, command=" ".join(["commonground", *chain]))
