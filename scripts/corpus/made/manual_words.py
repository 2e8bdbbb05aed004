"""Word lists of the made-up manuals."""

VERBS = (
    "add", "remove", "start", "stop", "change", "rename", "copy", "move", "rotate", "encrypt",
    "restore", "export", "import", "install", "update", "test", "list", "share", "compress",
    "disable", "enable", "publish", "archive", "lock", "unlock", "merge", "split", "resize",
)  # fmt: skip
SAME_VERBS = {
    "add": ("create", "make", "write"), "remove": ("delete", "drop"), "start": ("run", "launch"),
    "stop": ("end", "shut down"), "change": ("edit", "modify"), "install": ("set up",),
    "update": ("upgrade",), "test": ("check", "try"), "list": ("show", "see"),
    "disable": ("switch off", "turn off"), "enable": ("switch on", "turn on"),
    "publish": ("release",), "compress": ("shrink",), "restore": ("recover", "bring back"),
}  # fmt: skip
DONE = {
    "stop": "stopped", "copy": "copied", "split": "split", "remove": "removed", "move": "moved",
    "change": "changed", "rename": "renamed", "rotate": "rotated", "restore": "restored",
    "update": "updated", "share": "shared", "disable": "disabled", "enable": "enabled",
    "archive": "archived", "merge": "merged", "resize": "resized",
}  # fmt: skip
THINGS = (
    "a user", "a plugin", "a report", "the server", "a backup", "a table", "the index", "a rule",
    "a channel", "the cache", "a template", "a dashboard", "the queue", "a certificate", "a key",
    "an image", "a volume", "the log files", "a schedule", "a team", "a project", "a workspace",
    "the database", "a model", "a data set", "a webhook", "an alert", "the search page", "a role",
    "a test", "a theme", "a language", "a printer", "an invoice", "a calendar", "a bucket",
)  # fmt: skip
MEANS = (
    "run {0} {1} {2}", "open the page {0} and press {1}", "write one line into {0}.toml",
    "put a file into the folder {0} and restart", "call {0}.{1}() with its name",
    "edit {0}.yaml and name it there", "send a POST request to /{0}/{2}",
    "use the command {0} with the option --{1}", "choose {1} in the menu {0}",
    "set {0} to true in the settings", "make a class in the module {0} and give it a test",
    "drag it onto the list {0}", "ask an administrator of {0}", "type make {0}",
)  # fmt: skip
NAMES = (
    "acme", "harbor", "lumen", "quill", "tide", "orchard", "falcon", "copper", "maple", "delta",
    "nimbus", "raven", "summit", "willow", "ember", "basil", "onyx", "pixel", "cobalt", "fern",
)  # fmt: skip
FOLDERS = ("/var/lib", "/etc", "~/.config", "/opt", "data", "logs", "/srv", "settings", "build")
FILES = (
    "the first password", "the license file", "the error log", "the list of users", "the token",
    "the backup", "the search index", "the secret key", "the settings file", "the audit trail",
    "the certificate", "the crash report", "the session file", "the model", "the schema",
)  # fmt: skip
KEPT = (
    "messages", "log files", "backups", "deleted projects", "sessions", "reports", "drafts",
    "old versions", "uploads", "notifications", "recordings", "access tokens", "metrics",
)  # fmt: skip
EVENTS = (
    "the disk is full", "the network is down", "a worker dies", "the database is away",
    "the password is wrong", "a request takes too long", "the queue overflows", "two users edit a page",
    "the certificate expires", "a file is missing", "the process is killed", "the memory runs out",
    "a plugin fails", "the clock jumps", "the client disconnects", "the license has ended",
)  # fmt: skip
REACTIONS = (
    "new requests are refused", "the server tries again after ten seconds", "an email is sent",
    "the last good copy is used", "the work is taken over by another machine", "a warning is shown",
    "everything is written to disk first", "the page can only be read", "the error is logged",
    "the service goes on with what it has", "the user is signed out", "the job starts from its last step",
)  # fmt: skip
KEYS = (
    "max_connections", "timeout_s", "batch_size", "the port", "retry_count", "the number of threads",
    "cache_size", "page_length", "the log level", "queue_size", "the width of the window", "workers",
)  # fmt: skip
ROLES = (
    "owner",
    "administrator",
    "editor",
    "guest",
    "auditor",
    "operator",
    "reviewer",
    "billing team",
)
TERMS = (
    ("channel", "a named stream of messages that any number of readers may follow"),
    ("workspace", "a set of projects that share their members and settings"),
    ("snapshot", "a copy of a volume as it was at one moment"),
    ("worker", "a process that takes jobs from the queue"),
    ("rule", "a condition with what is done when it holds"),
    ("shard", "one part of an index, kept on one machine"),
    ("token", "a secret that stands for a user for some hours"),
    ("probe", "a small request that shows whether a service is well"),
    ("replica", "a second copy of the data that follows the first"),
    ("bundle", "a folder with a model and everything it needs"),
    ("hook", "a function that is called before or after a step"),
    ("lease", "the right to work on a job until a certain time"),
    ("adapter", "a piece of code that lets two systems talk"),
    ("stage", "a group of steps that run one after the other"),
)  # fmt: skip
PRODUCTS = (
    "Python",
    "Postgres",
    "Node",
    "Docker",
    "Java",
    "Redis",
    "Linux",
    "Ruby",
    "Go",
    "Kubernetes",
)
