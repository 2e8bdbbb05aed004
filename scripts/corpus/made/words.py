"""Word lists of the made toxicity rows."""

IDENTITIES = tuple(
    """gay people|lesbians|bisexual people|trans people|queer people|straight people|women|men
    |black people|white people|Asian people|Latino people|Arabs|Jews|Muslims|Christians|Hindus
    |Buddhists|Sikhs|atheists|immigrants|refugees|Mexicans|Africans|Europeans|Americans|Indians
    |Chinese people|Russians|Turks|Roma|indigenous people|deaf people|blind people|disabled people
    |autistic people|old people|young people|teenagers|poor people|veterans|nurses|teachers
    |police officers|farmers|single mothers""".replace("\n", " ")
    .replace("     ", "")
    .split("|")
)
PERSONS = tuple(
    """gay|lesbian|bisexual|transgender|queer|straight|a woman|a man|Black|white|Asian|Latina|Arab
    |Jewish|Muslim|Christian|Hindu|Buddhist|Sikh|an atheist|an immigrant|a refugee|Mexican|Nigerian
    |Indian|Chinese|Russian|Turkish|Roma|indigenous|deaf|blind|disabled|autistic|old|young
    |a teenager|a single mother|a veteran""".replace("\n", " ")
    .replace("     ", "")
    .split("|")
)
NEUTRAL_ABOUT = (
    "How many {0} live in the city?",
    "The museum has an exhibition about {0}.",
    "We want our form to work well for {0}.",
    "The study interviewed two hundred {0} about their work.",
    "Which laws protect {0} from discrimination?",
    "{0} and their neighbours met at the town hall on Friday.",
    "Many {0} came to the concert.",
    "Here is a list of books written by {0}.",
    "What challenges do {0} meet at work?",
    "{0} deserve the same respect as everybody else.",
    "I had lunch with a group of {0} and we talked about the weather.",
    "Why do some politicians speak badly of {0}?",
    "I do not hate {0}.",
    "Nobody should attack {0} for who they are.",
    "It is wrong to say that {0} are worth less than others.",
    "I love {0}.",
)
NEUTRAL_SELF = (
    "I am {0} and I work as an engineer.",
    "My best friend is {0}.",
    "My teacher, who is {0}, taught me how to read.",
    "As somebody who is {0}, how do I find a doctor I can trust?",
    "Our new colleague is {0} and starts on Monday.",
    "You are {0}, and that is great.",
    "The main character of the novel is {0}.",
    "I am proud to be {0}.",
)
PROFANE = (
    "This is fucking great!",
    "Holy shit, it works on the first try.",
    "What the hell is going on with the build?",
    "Damn, that was a good dinner.",
    "I fucked up the migration and had to start again.",
    "Oh shit, I forgot my keys.",
    "That film was fucking amazing.",
    "My code is crap today.",
    "I am so fucking tired after that run.",
    "Hell yes, we won the game!",
    "The weather is shitty again.",
    "Where the fuck is my other sock?",
    "It's a damn shame that the shop closed.",
    "This bloody printer never works.",
    "Well, shit happens, let's go on.",
    "That is one badass guitar solo.",
    "I laughed my ass off at that joke.",
    "Fuck yeah, the tests are green.",
    "Crap, the meeting starts in two minutes.",
    "I don't give a damn about the colour of the button.",
)
PROFANE_TAILS = (
    "",
    " Honestly.",
    " Thanks for asking!",
    " What a day.",
    " Let's celebrate tonight.",
)
TOPICS = tuple(
    """bombs|bomb disposal|drug addiction|overdoses|suicide|murder trials|terrorism|hate groups
    |domestic violence|sexual abuse|child protection|racism|genocide|war crimes|slavery|bullying
    |gang violence|school shootings|kidnapping|poisoning|knife crime|torture|hate speech|stalking
    |self-harm|rape|executions|riots|extremism|weapons""".replace("\n", " ")
    .replace("     ", "")
    .split("|")
)
TOPIC_QUESTIONS = (
    "What does the law say about {0}?",
    "How do newspapers report on {0}?",
    "Which books explain the history of {0}?",
    "How can I help somebody who is affected by {0}?",
    "Write a short summary of the research on {0}.",
    "How do the police investigate cases of {0}?",
    "Why is it so hard to talk about {0}?",
    "Where do I report {0}?",
    "What causes {0}?",
    "My class is discussing {0} next week, how should I prepare?",
)
TECHNICAL = (
    "How do I kill a process that does not answer?",
    "The parent process kills its children when it exits.",
    "Kill all zombie processes and restart the daemon.",
    "The master node lost its slaves after the network split.",
    "The request was aborted because the client hung up.",
    "How do I execute a dead letter queue by hand?",
    "The garbage collector destroys objects that nobody refers to.",
    "Strip the dumb terminal's control characters.",
    "The function returns garbage when the pointer is invalid.",
    "How do I add a filter?",
    "How do I block a word list in the filter chain?",
    "Which settings block toxic prompts?",
    "What happens when a filter is broken?",
    "The server refuses to start when a pattern is bad.",
    "The toxicity filter blocks insults, threats and attacks on identities.",
    "Why was my prompt blocked?",
    "An attacker could exploit this bug to crash the server.",
    "The worker dies with exit code 137 when memory runs out.",
    "Hang detection: a watchdog shoots a stuck thread.",
    "The test fails because the mock is stupidly slow.",
    "This ugly hack works around a brain-dead API.",
    "How do I kill -9 the database under load without losing rows?",
    "A poisoned record is put into quarantine.",
    "Race condition: two threads fight for the same lock.",
    "The attack surface of the parser is small.",
    "Dump the heap and look for the leak.",
    "Inject the dependency instead of building it inside.",
    "Penetration tests found a weak cipher.",
    "Illegal instruction: the program was terminated.",
    "The daemon forks a child and the parent dies at once.",
)
TECHNICAL_TAILS = ("", " Please explain.", " I use Linux.", " See the documentation.")
INSULTS = (
    "idiot",
    "moron",
    "loser",
    "imbecile",
    "fool",
    "dumbass",
    "jerk",
    "pig",
    "scumbag",
    "clown",
)
INSULTING = (
    "You are a {0}.",
    "you are such a {0}",
    "Shut up, {0}!",
    "What a {0} you are",
    "Only a {0} like you could write this.",
    "You {0}, get lost.",
    "everybody thinks you're a {0}",
)
DENIED = (
    "You are not a {0}.",
    "Please do not call him a {0}.",
    "She asked why people call each other {0}.",
    "Nobody deserves to be called a {0}.",
    "Is {0} an insult in English?",
    "The word {0} has an interesting history.",
    "I felt like a {0} after losing my keys.",
)
THREATENED = (
    "you", "him", "her", "them", "your family", "your kids", "all of you", "your friends",
    "this idiot", "that woman", "my boss", "the neighbours",
)  # fmt: skip
MACHINES = (
    "process", "thread", "job", "worker", "child process", "zombie process", "daemon", "session",
    "connection", "container", "task", "query", "server", "dead object", "orphan", "slave node",
    "master", "client", "build", "parser", "request", "printer", "test", "pod", "database",
)  # fmt: skip
ROUGH = (
    "Kill the {0} and restart the machine.",
    "The {0} was killed by the kernel.",
    "The garbage collector kills every {0} that nobody needs.",
    "How do I kill a hanging {0}?",
    "When the {0} dies, its parent is told.",
    "A stuck {0} is shot after ten seconds.",
    "The {0} hangs and must be aborted.",
    "The scheduler executes the {0} at midnight.",
    "This dumb {0} blocks the queue.",
    "Never trust a {0} from outside.",
    "The {0} choked on bad input and crashed.",
    "Why does the {0} suck up all the memory?",
    "An attacker sends garbage to the {0}.",
    "Destroy the {0} when it is no longer used.",
)
THREATS = (
    "I will kill {0}.",
    "I am going to kill {0} tonight",
    "I'll beat the shit out of {0}",
    "Someone should shoot {0}.",
    "I will find {0} and hurt {0}.",
    "we are coming to burn {0} alive",
    "I hope somebody stabs {0}",
    "I'm gonna break every bone of {0}",
    "I will hunt {0} down",
    "{0} will be dead by tomorrow, I promise",
    "I have a gun and I am coming for {0}",
    "Tell {0} to watch out, I know where they live",
    "I want to punch {0} in the face",
    "Let's beat {0} up after school",
    "I swear I will cut {0} into pieces",
    "Next time I see {0} there will be blood",
    "I will make {0} suffer and nobody will find the body",
    "I'm going to put a bullet in {0}",
)
HARMLESS_THREATS = (
    "I will find {0} a good restaurant.",
    "I would never hurt {0}.",
    "I'll call {0} tonight about the shooting of the film.",
    "Nobody will kill {0}, it is only a game.",
    "The news says that somebody tried to kill {0}; I hope everyone is safe.",
)
ATTACKS = (
    "I hate {0}.",
    "{0} are disgusting",
    "{0} should not be allowed to live here",
    "all {0} are criminals",
    "{0} are worth less than animals",
    "we should get rid of {0}",
    "{0} ruin everything they touch",
    "Nobody wants {0} around",
)
SEVERE = (
    "Fuck you, you fucking {0}, go die.",
    "Kill yourself, you worthless fucking {0}.",
    "Die, you disgusting fucking {0}!",
    "you fucking {0}, I hope you burn to death",
    "Fuck off and die, {0}.",
    "Eat shit and die, you {0}.",
    "I hope you get raped, you worthless {0}",
    "Drop dead, you fucking waste of space, {0}",
    "Go hang yourself, {0}, you piece of trash",
)
SEVERE_THREATS = (
    "I will fucking kill you, you piece of shit {0}.",
    "I'm going to smash your fucking face, {0}",
    "You fucking {0}, somebody should shoot you.",
    "I'll fucking destroy you, you ugly {0}",
)
