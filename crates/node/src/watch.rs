//! `sync --watch`: stays connected, and runs the commands of other processes.

use std::time::Duration;

use clap::Parser as _;
use proofroom_ident::WorkspaceId;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::agent::{Agent, Visitor};
use crate::cli::Cli;
use crate::commands::sync::{Outcome, conclude, told, with_relay};
use crate::commands::{self, Call, Exchange, Next};
use crate::console::Console;
use crate::failure::Failure;
use crate::find;
use crate::net::{Net, News, Standing, Tally};
use crate::peer::Peer;
use crate::report::{Report, Tone};

/// Somebody who waits for an exchange.
struct Waiter {
    visitor: Visitor,
    call: Call,
    exchange: Exchange,
    before: Vec<Tally>,
}

/// Watches until it is interrupted. `only` limits it to one workspace.
///
/// # Errors
/// When the store fails, or the agent's socket cannot be made.
pub async fn watch(peer: &mut Peer, only: Option<&str>, console: &mut Console) -> Result<(), Failure> {
    let only = only.map(|text| find::workspace(peer, Some(text))).transpose()?;
    let mut net = Net::new(true);
    let mut agent = Agent::listen(peer.home())?;
    let mut waiters: Vec<Waiter> = Vec::new();
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut stop =
        signal(SignalKind::terminate()).map_err(|e| Failure::store(format!("cannot hear signals: {e}")))?;
    let first = json!({"event": "watching", "pid": std::process::id()});
    console.report(&Report::new(first).toned("Watching; Ctrl-C ends it", Tone::Faint));
    loop {
        keep_up(peer, &mut net, only)?;
        show(console, &net.settle(peer)?);
        answer(peer, &net, &mut waiters);
        let news = tokio::select! {
            event = net.next() => net.on(peer, event),
            visitor = agent.next() => serve(peer, &mut net, &mut waiters, visitor),
            _ = tick.tick() => net.tick(peer)?,
            _ = tokio::signal::ctrl_c() => break,
            _ = stop.recv() => break,
        };
        show(console, &news);
    }
    drop(agent);
    net.close(peer).await?;
    Ok(())
}

fn show(console: &mut Console, news: &[News]) {
    news.iter().filter_map(told).for_each(|report| console.report(&report));
}

/// A workspace that was created, joined or given a relay meanwhile gets a line.
fn keep_up(peer: &mut Peer, net: &mut Net, only: Option<WorkspaceId>) -> Result<(), Failure> {
    for workspace in with_relay(peer)? {
        if only.is_none_or(|o| o == workspace) && !net.has(workspace) {
            net.begin(peer, workspace)?;
        }
    }
    Ok(())
}

/// Runs one command of another process.
fn serve(peer: &mut Peer, net: &mut Net, waiters: &mut Vec<Waiter>, visitor: Visitor) -> Vec<News> {
    let request = visitor.request.clone();
    let mut call = Call { cwd: request.cwd, workspace: request.workspace, console: visitor.console() };
    let argv = std::iter::once("proofroom".to_owned()).chain(request.argv);
    let command = match Cli::try_parse_from(argv) {
        Ok(cli) => cli.command,
        Err(e) => {
            call.console.failure(&Failure::usage(e.to_string().trim_start_matches("error: ")));
            visitor.exit(2);
            return Vec::new();
        }
    };
    match commands::run(command, peer, &mut call) {
        Ok(Next::Done(report)) => {
            let code = crate::print(&mut call.console, Ok(report));
            visitor.exit(code);
            Vec::new()
        }
        Ok(Next::Exchange(exchange)) => {
            let before = exchange.workspaces.iter().map(|w| net.tally(*w)).collect();
            let mut news = Vec::new();
            let mut failed = None;
            for workspace in &exchange.workspaces {
                news.extend(net.hurry(peer, *workspace));
                failed = failed.or(net.begin(peer, *workspace).err());
            }
            match failed {
                Some(failure) => visitor.exit(crate::print(&mut call.console, Err(failure))),
                None => waiters.push(Waiter { visitor, call, exchange, before }),
            }
            news
        }
        Err(failure) => {
            visitor.exit(crate::print(&mut call.console, Err(failure)));
            Vec::new()
        }
    }
}

/// Tells those whose exchange is over.
fn answer(peer: &mut Peer, net: &Net, waiters: &mut Vec<Waiter>) {
    for mut waiter in std::mem::take(waiters) {
        let workspaces = &waiter.exchange.workspaces;
        if workspaces.iter().any(|w| net.standing(*w) == Standing::Busy) {
            waiters.push(waiter);
            continue;
        }
        let outcome = |(w, before): (&WorkspaceId, &Tally)| Outcome {
            workspace: *w,
            standing: net.standing(*w),
            tally: net.tally(*w).since(before),
        };
        let outcomes: Vec<Outcome> = workspaces.iter().zip(&waiter.before).map(outcome).collect();
        let concluded = conclude(peer, waiter.exchange.purpose, &outcomes);
        let code = crate::print(&mut waiter.call.console, concluded);
        waiter.visitor.exit(code);
    }
}
