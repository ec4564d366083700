//! `up` and `sync --watch`: stay connected, and run the commands of other processes.
//!
//! One loop owns the store. What comes from outside arrives on it as events: of
//! the network ([`Net::next`]), of other processes ([`Agent::next`]), of time and
//! of the system. A command runs between two events, so commands are answered
//! while workspaces are exchanged. Another door, a web page on loopback say, is
//! one more source of [`Visitor`]s in the same `select!`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Parser as _;
use proofroom_ident::WorkspaceId;
use proofroom_relayd::App;
use proofroom_transport_iroh::{Endpoint, Options};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use crate::agent::{Agent, Visitor};
use crate::cli::{Cli, Command};
use crate::commands::sync::{Outcome, conclude, told, with_relay};
use crate::commands::up::Up;
use crate::commands::witness::Stamping;
use crate::commands::{self, Call, Exchange, Next};
use crate::console::Console;
use crate::failure::Failure;
use crate::find;
use crate::net::{Near, Net, News, Standing, Tally};
use crate::peer::{Peer, Port};
use crate::post::{self, Post};
use crate::report::{Report, Tone};
use crate::service::Manager;
use crate::when::Expiry;
use crate::world;

/// Where the review app is served first.
const APP_PORT: u16 = 4750;

/// Somebody who waits for an exchange.
struct Waiter {
    visitor: Visitor,
    call: Call,
    exchange: Exchange,
    before: Vec<Tally>,
}

/// Those whose commands are not done yet.
#[derive(Default)]
struct Waiting {
    exchanges: Vec<Waiter>,
    stamps: JoinSet<(Visitor, Call, Result<Stamping, Failure>)>,
}

/// Stays connected until it is interrupted: with relays, and as `up` with members' devices, too.
/// `only` limits relays to one workspace.
///
/// # Errors
/// When the store fails, or the agent's socket or the endpoint cannot be made.
pub async fn watch(
    peer: &mut Peer,
    only: Option<&str>,
    up: Option<&Up>,
    console: &mut Console,
) -> Result<(), Failure> {
    let only = only.map(|text| find::workspace(peer, Some(text))).transpose()?;
    let mut net = Net::new(true);
    let mut app = None;
    if let Some(up) = up {
        let near = open(peer, up, &net).await?;
        net.meet(near);
        app = serve_app(peer, up, console).await?;
    }
    let mut post = Post::open_anyway(peer.home())?;
    let manager = Manager::of_this_process();
    let mut agent = Agent::listen(peer.home())?;
    let mut waiting = Waiting::default();
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut receipts = receipts(up);
    let mut stop =
        signal(SignalKind::terminate()).map_err(|e| Failure::store(format!("cannot hear signals: {e}")))?;
    console.report(&first_words(&net, app.as_ref()));
    manager.ready();
    keep_up(peer, &mut net, only)?;
    loop {
        show(console, &net.settle(peer)?);
        answer(peer, &net, &mut waiting.exchanges);
        let news = tokio::select! {
            event = net.next() => net.on(peer, event),
            visitor = agent.next() => {
                let news = serve(peer, &mut net, &mut post, &mut waiting, visitor);
                keep_up(peer, &mut net, only)?;
                net.refresh();
                news
            }
            Some(Ok((visitor, mut call, stamped))) = waiting.stamps.join_next() => {
                let signed = stamped.and_then(|stamping| stamping.sign(peer));
                visitor.exit(crate::print(&mut call.console, signed));
                Vec::new()
            }
            Some(_) = next(&mut receipts) => {
                net.witness(peer, only)?
            }
            sent = post.next(world::now) => {
                console.report(&delivered(&sent?));
                Vec::new()
            }
            _ = tick.tick() => {
                manager.alive();
                keep_up(peer, &mut net, only)?;
                if let Err(failure) = peer.rewrite_if_due() {
                    console.failure(&failure.hint("what was erased is still in the file's free pages; it is tried again"));
                }
                remind(peer, &mut net, &mut post, only, up.is_some(), console)?;
                net.tick(peer)?
            }
            _ = tokio::signal::ctrl_c() => break,
            _ = stop.recv() => break,
        };
        show(console, &news);
    }
    manager.stopping();
    drop(app);
    drop(agent);
    net.close(peer).await?;
    Ok(())
}

/// When receipts are due: once in a while, the first time after as long.
fn receipts(up: Option<&Up>) -> Option<Interval> {
    let Expiry::After(ms) = up?.receipts else { return None };
    let every = Duration::from_millis(ms);
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Some(interval)
}

/// The next time of an interval, if there is one.
async fn next(interval: &mut Option<Interval>) -> Option<tokio::time::Instant> {
    match interval {
        Some(interval) => Some(interval.tick().await),
        None => None,
    }
}

/// Opens this device's endpoint, on the port of the last time where that is free.
async fn open(peer: &mut Peer, up: &Up, net: &Net) -> Result<Near, Failure> {
    let options = |listen: Vec<SocketAddr>| Options {
        secret: peer.identity().secrets.endpoint.clone(),
        listen,
        relays: up.iroh_relay.clone(),
        authorities: peer.authorities().as_der().map(<[u8]>::to_vec).collect(),
        nearby: !up.no_nearby,
    };
    let last = peer.last_port(Port::Peers)?.filter(|_| up.listen.is_empty());
    let again =
        last.map(|port| vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()]);
    let reopened = match again {
        Some(listen) => Endpoint::open(options(listen)).await.ok(),
        None => None,
    };
    let endpoint = match reopened {
        Some(endpoint) => endpoint,
        None => Endpoint::open(options(up.listen.clone())).await.map_err(|e| {
            Failure::user(e).hint("choose another address with --listen; port 0 lets the system choose")
        })?,
    };
    if let Some(port) = endpoint.port().filter(|_| up.listen.is_empty()) {
        peer.keep_port(Port::Peers, port)?;
    }
    Ok(Near::begin(endpoint, &up.iroh_relay, net.post()))
}

/// Serves the review app, on the port of the last time: there a browser finds again what it keeps.
/// Where that is taken, the app is not served: at another address it would know nobody.
async fn serve_app(peer: &mut Peer, up: &Up, console: &mut Console) -> Result<Option<App>, Failure> {
    if up.no_web || !App::is_here() {
        return Ok(None);
    }
    let last = peer.last_port(Port::App)?;
    let wanted = match (up.web, last) {
        (Some(address), _) => address,
        (None, port) => (Ipv4Addr::LOCALHOST, port.unwrap_or(APP_PORT)).into(),
    };
    let mut started = App::start(wanted).await;
    if started.is_err() && up.web.is_none() && last.is_none() {
        started = App::start((Ipv4Addr::LOCALHOST, 0).into()).await;
    }
    match started {
        Ok(app) => {
            if up.web.is_none() {
                peer.keep_port(Port::App, app.address().port())?;
            }
            Ok(Some(app))
        }
        Err(e) if up.web.is_some() => Err(Failure::user(e).hint("choose another address with --web")),
        Err(e) => {
            let words = format!(
                "the review app is not served here: {e}; end what uses that port, or choose one with --web"
            );
            console
                .report(&Report::new(json!({"event": "trouble", "error": words})).toned(words, Tone::Warn));
            Ok(None)
        }
    }
}

fn first_words(net: &Net, app: Option<&App>) -> Report {
    let picture = net.picture();
    let pid = std::process::id();
    let Some(here) = picture.here else {
        return Report::new(json!({"event": "watching", "pid": pid}))
            .toned("Watching; Ctrl-C ends it", Tone::Faint);
    };
    let addresses: Vec<String> = here.addresses.iter().map(ToString::to_string).collect();
    let mut words = format!("Up, on {}; Ctrl-C ends it", addresses.join(", "));
    let web = app.map(App::url);
    if let Some(url) = &web {
        words.push_str(&format!("\nReview app: {url}"));
    }
    let json = json!({
        "event": "up",
        "pid": pid,
        "endpoint": here.endpoint,
        "addresses": addresses,
        "nearby": picture.nearby,
        "web": web,
    });
    Report::new(json).toned(words, Tone::Faint)
}

/// Sends what is due; what was written down about it goes to the others at once.
fn remind(
    peer: &mut Peer,
    net: &mut Net,
    post: &mut Post,
    only: Option<WorkspaceId>,
    up: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    if !up {
        // Who only exchanges sends what other commands handed over, and nothing by itself.
        post.courier().start(world::now().0);
        return Ok(());
    }
    let told = post.tick(peer, only, world::now())?;
    if !told.is_empty() {
        net.refresh();
    }
    told.iter().for_each(|report| console.report(report));
    Ok(())
}

fn delivered(sent: &proofroom_notify::Sent) -> Report {
    let (text, tone, mut json) = post::sent(sent);
    json["event"] = json!("sent");
    Report::new(json).toned(text, tone)
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
fn serve(
    peer: &mut Peer,
    net: &mut Net,
    post: &mut Post,
    waiting: &mut Waiting,
    visitor: Visitor,
) -> Vec<News> {
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
    let ran = match command {
        Command::Peers(args) => commands::peers::run(&args, peer, Some(net)).map(Next::from),
        Command::Remind(args) => commands::remind::run(&args, peer, &call, post).map(Next::from),
        Command::Notify(args) => commands::notify::run(&args, peer, &call, post).map(Next::from),
        command => commands::run(command, peer, &mut call),
    };
    match ran {
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
                None => waiting.exchanges.push(Waiter { visitor, call, exchange, before }),
            }
            news
        }
        Ok(Next::Stamp(stamping)) => {
            waiting.stamps.spawn(async move { (visitor, call, stamping.fetch().await) });
            Vec::new()
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
