//! The native peer: command line, store, network.
//!
//! Shell storey: the one crate that puts a clock, randomness, files, sockets
//! and a terminal around the machines of the storeys below.
//!
//! ```text
//! argv --cli--> command --+-- lock free ----> Peer (identity, store, blobs, replicas) --> Report
//!                         +-- `up` or `sync --watch` runs --> agent.sock --> the same, in that process
//! ```
//!
//! One process owns the store at a time (`lock.rs`). One-shot commands wait for
//! each other; while `up` or `sync --watch` runs, they are handed to it (`agent.rs`).
//! Runs on Unix systems: it relies on file permissions, file identity and
//! Unix domain sockets.

mod agent;
mod blobs;
mod ceremony;
mod certificate;
mod cli;
mod commands;
mod compared;
mod console;
mod failure;
mod find;
mod handoff;
mod home;
mod identity;
mod incarnation;
mod lock;
mod media;
mod net;
mod peer;
mod people;
mod post;
mod report;
mod salvage;
mod service;
mod splice;
mod spoken;
mod survey;
mod watch;
mod when;
mod world;
mod xmp;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command, Globals};
use commands::{Call, Next};
use console::{Console, Manner};
use failure::Failure;
use home::Home;
use identity::Identity;
use lock::{LOCK_WAIT, Lock};
use peer::Peer;
use post::Post;
use report::Report;

/// Runs the program: reads the command line, prints, returns the exit code.
pub fn main() -> ExitCode {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // Over a damaged page the database stops; who called it catches that, and says what is damaged.
        if !panic.location().is_some_and(|at| at.file().contains("/redb-")) {
            usual(panic);
        }
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return usage(&e),
    };
    let manner = Manner::of_this_process(cli.globals.json, cli.globals.quiet);
    let mut console = Console::of_this_process(manner);
    ExitCode::from(start(cli, &mut console))
}

/// A wrong command line, a call for help or for the version.
fn usage(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args().any(|a| a == "--json");
    if error.use_stderr() && wants_json {
        let mut console = Console::of_this_process(Manner::of_this_process(true, false));
        let text = error.render().to_string();
        console.failure(&Failure::usage(text.trim_end().trim_start_matches("error: ")));
    } else {
        // The terminal may be closed.
        let _closed = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Prints what a command came to; returns its exit code.
fn print(console: &mut Console, result: Result<Report, Failure>) -> u8 {
    let verdict = match result {
        Ok(report) => {
            console.report(&report);
            report.verdict().cloned()
        }
        Err(failure) => Some(failure),
    };
    verdict.map_or(0, |failure| {
        console.failure(&failure);
        failure.kind.exit_code()
    })
}

fn start(cli: Cli, console: &mut Console) -> u8 {
    match without_store(cli, console) {
        Ok(Started::Ended(code)) => code,
        Ok(Started::Report(report)) => print(console, Ok(report)),
        Ok(Started::NeedsStore(cli, more, home)) => {
            with_store(*cli, more, &home, console).unwrap_or_else(|failure| print(console, Err(failure)))
        }
        Err(failure) => print(console, Err(failure)),
    }
}

enum Started {
    Ended(u8),
    Report(Report),
    /// A command, the arguments that were added to those of this process, and where the store is.
    NeedsStore(Box<Cli>, Vec<String>, Home),
}

/// Commands that work without a store, or before there is one.
fn without_store(cli: Cli, console: &mut Console) -> Result<Started, Failure> {
    match &cli.command {
        Command::Completions(args) => {
            // A reader who went away is no failure.
            let _closed = std::io::stdout().write_all(&commands::completions::script(args));
            return Ok(Started::Ended(0));
        }
        Command::Relay(args) => {
            commands::relay::run(args, console)?;
            return Ok(Started::Ended(0));
        }
        Command::Verify(args) => return commands::verify::run(args).map(Started::Report),
        _ => {}
    }
    let home = Home::locate(cli.globals.home.as_deref())?;
    match &cli.command {
        Command::Passphrase(args) => commands::identity::change(args, &home).map(Started::Report),
        Command::Init(args) => commands::identity::init(args, &home).map(Started::Report),
        Command::Rebuild(args) => {
            commands::rebuild::run(args, &home, &cli.globals, console).map(Started::Report)
        }
        Command::Recover(args) => {
            commands::identity::recover(args, &home, console.manner()).map(Started::Report)
        }
        Command::Device(commands::device::Command::Link(args)) if !Identity::exists(&home)? => {
            commands::device::link_here(args, &home).map(Started::Report)
        }
        Command::Request(commands::request::Command::New { from: None }) => asked(cli, home),
        Command::Decide(_) | Command::Settle(_) => consented(cli, home),
        _ => Ok(Started::NeedsStore(Box::new(cli), Vec::new(), home)),
    }
}

/// The wizard asks in this process, which has the terminal; its brief is then filed like any other.
fn asked(mut cli: Cli, home: Home) -> Result<Started, Failure> {
    if !Identity::exists(&home)? {
        return Err(home::HomeError::Empty(home.dir().to_owned()).into());
    }
    let cwd =
        std::env::current_dir().map_err(|e| Failure::user(format!("there is no current directory: {e}")))?;
    let workspace = cli.globals.workspace.clone();
    let form = |category| commands::form::ask_program(&home, workspace.as_deref(), category);
    let path = commands::request::wizard::run(&cwd, &form)?;
    let more = vec!["--from".to_owned(), path.to_string_lossy().into_owned()];
    cli.command = Command::Request(commands::request::Command::New { from: Some(path) });
    Ok(Started::NeedsStore(Box::new(cli), more, home))
}

/// A decision is shown before it is signed, in the process that has the terminal.
fn consented(mut cli: Cli, home: Home) -> Result<Started, Failure> {
    let mut more = Vec::new();
    let decision = match &mut cli.command {
        Command::Decide(args) => Some(args),
        Command::Settle(args) => Some(args.decision()),
        _ => None,
    };
    if let Some(args) = decision.filter(|args| !args.is_preview())
        && Identity::exists(&home)?
        && let Some(presence) = ceremony::hold(args, &home, cli.globals.workspace.as_deref())?
    {
        more.extend(["--presence".to_owned(), presence.to_string()]);
        args.set_presence(presence);
    }
    Ok(Started::NeedsStore(Box::new(cli), more, home))
}

/// Runs a command on the store: here, or in the process that owns it.
fn with_store(cli: Cli, more: Vec<String>, home: &Home, console: &mut Console) -> Result<u8, Failure> {
    if !Identity::exists(home)? {
        return Err(home::HomeError::Empty(home.dir().to_owned()).into());
    }
    let watching = match &cli.command {
        Command::Sync(args) => args.watch,
        Command::Up(_) => true,
        _ => false,
    };
    let request = request(&cli.globals, more, console.manner())?;
    let forward = || {
        let sent = agent::forward(home, &request, &mut std::io::stdout(), &mut std::io::stderr());
        sent.transpose()
    };
    if !watching && let Some(code) = forward() {
        return code;
    }
    let authorities = cli.globals.authorities()?;
    let lock =
        Lock::acquire(home, &lock::command_line(), LOCK_WAIT, || if watching { None } else { forward() })?;
    let lock = match lock {
        Ok(lock) => lock,
        Err(code) => return code,
    };
    let identity = Identity::load(home, commands::identity::passphrase)?;
    let device = identity.device.signing;
    let mut peer = match Peer::open(home, lock, identity) {
        Err(failure) if matches!(cli.command, Command::Doctor(_)) => {
            return Ok(print(console, Ok(commands::doctor::closed(home, device, &failure, console)?)));
        }
        opened => opened?,
    };
    peer.believe(authorities);
    let result = here(cli, &mut peer, console);
    if result.is_ok() {
        peer.keep_shown();
    }
    // A command that failed changed nothing, so its logs may be continued all the same.
    let closed = peer.close();
    let code = result?;
    closed.map(|()| code)
}

fn request(globals: &Globals, more: Vec<String>, manner: Manner) -> Result<agent::Request, Failure> {
    let argv: Result<Vec<String>, _> =
        std::env::args_os().skip(1).map(std::ffi::OsString::into_string).collect();
    let mut argv = argv.map_err(|a| Failure::usage(format!("`{}` is not valid UTF-8", a.display())))?;
    argv.extend(more);
    let cwd =
        std::env::current_dir().map_err(|e| Failure::user(format!("there is no current directory: {e}")))?;
    Ok(agent::Request { argv, cwd, workspace: globals.workspace.clone(), manner })
}

/// Runs a command in this process, which owns the store.
fn here(cli: Cli, peer: &mut Peer, console: &mut Console) -> Result<u8, Failure> {
    let workspace = cli.globals.workspace;
    let stays = match &cli.command {
        Command::Sync(args) if args.watch => Some(None),
        Command::Up(args) => Some(Some(args)),
        _ => None,
    };
    if let Some(up) = stays {
        let stay = watch::watch(peer, workspace.as_deref(), up, console);
        return runtime()?.block_on(Box::pin(stay)).map(|()| 0);
    }
    let cwd =
        std::env::current_dir().map_err(|e| Failure::user(format!("there is no current directory: {e}")))?;
    let own = Console::of_this_process(console.manner());
    let mut call = Call { cwd, workspace, console: own };
    if matches!(cli.command, Command::Remind(_) | Command::Notify(_)) {
        return Ok(print(console, Ok(posted(&cli.command, peer, &call)?)));
    }
    let report = match commands::run(cli.command, peer, &mut call)? {
        Next::Done(report) => report,
        Next::Exchange(exchange) => {
            runtime()?.block_on(commands::sync::exchange(peer, &exchange, &mut call.console))?
        }
        Next::Stamp(stamping) => runtime()?.block_on(stamping.fetch())?.sign(peer)?,
    };
    Ok(print(console, Ok(report)))
}

/// Runs a command of the post, and carries at once what it handed over.
fn posted(command: &Command, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let open =
        |whatever: bool| if whatever { Post::open_anyway(peer.home()) } else { Post::open(peer.home()) };
    let mut post = open(matches!(command, Command::Notify(c) if !c.needs_settings()))?;
    let (report, carries) = match command {
        Command::Remind(args) => (commands::remind::run(args, peer, call, &mut post)?, !args.dry_run),
        Command::Notify(args) => (commands::notify::run(args, peer, call, &mut post)?, args.hands_over()),
        _ => unreachable!("the caller sorts out what needs the post"),
    };
    if !carries {
        return Ok(report);
    }
    let sent = runtime()?.block_on(post.courier().carry_due(world::now().0))?;
    Ok(commands::remind::carried(report, &sent))
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let made = tokio::runtime::Builder::new_current_thread().enable_all().build();
    made.map_err(|e| Failure::store(format!("the network cannot be used: {e}")))
}
