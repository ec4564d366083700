//! A relay under load, alone and among those who mean it ill: what the others notice.

use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::tempdir;
use tokio::task::LocalSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::clock::{memory_kib, quantile, report, short};
use crate::crowd::{Guest, Room};
use crate::relay::Relay;

/// How large the crowd is, and how long it is watched.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Plan {
    /// Connections that listen and say nothing
    #[arg(long, default_value_t = 5_000)]
    pub idle: u32,
    /// Connections that write now and then
    #[arg(long, default_value_t = 500)]
    pub active: u32,
    /// Workspaces that all these are spread over
    #[arg(long, default_value_t = 50)]
    pub workspaces: u32,
    /// Entries per second, of all that write together
    #[arg(long, default_value_t = 50)]
    pub entries_per_s: u32,
    /// Seconds that each part is watched
    #[arg(long, default_value_t = 20)]
    pub seconds: u64,
    /// Fail when others notice abuse by more than this
    #[arg(long)]
    pub noticed_max: Option<f64>,
}

/// Connections that are made at the same time.
const AT_ONCE: usize = 32;
const ENTRY_BYTES: usize = 500;
const NEVER: Duration = Duration::from_secs(86_400);
/// The relay waits a minute for a confirmation.
const TICK: Duration = Duration::from_secs(20);

/// Spreads connections over a tick.
fn fraction(number: u64) -> f64 {
    (number % 1_000) as f64 / 1_000.0
}

pub async fn run(plan: Plan) {
    let place = tempdir().expect("a temporary folder");
    let relay = Relay::ours(place.path());
    LocalSet::new().run_until(watch(plan, &relay)).await;
}

async fn watch(plan: Plan, relay: &Relay) {
    let rooms: Vec<Rc<Room>> = (0..plan.workspaces).map(Room::new).collect();
    let before = relay.memory_kib();
    let began = Instant::now();
    gather(plan, relay, &rooms).await;
    let took = began.elapsed();
    let with = relay.memory_kib();
    let total = plan.idle + plan.active;
    report(&json!({
        "bench": "load", "part": "connecting", "connections": total, "workspaces": plan.workspaces,
        "seconds": short(took.as_secs_f64()), "relay_at_start_mib": short(before / 1024.0),
        "relay_now_mib": short(with / 1024.0), "kib_per_connection": short((with - before) / f64::from(total)),
    }));
    let calm = part("calm", plan, relay, &rooms).await;
    let mut worst: f64 = 0.0;
    for kind in crate::abuse::Kind::ALL {
        let mob = Mob::start(kind, &relay.url, plan.workspaces);
        let p99 = part(kind.name(), plan, relay, &rooms).await;
        drop(mob);
        worst = worst.max(p99 / calm);
    }
    let after = part("calm again", plan, relay, &rooms).await;
    report(&json!({
        "bench": "load", "part": "all", "calm_p99_ms": short(calm), "calm_again_p99_ms": short(after),
        "worst_p99_to_calm": short(worst), "relay_peak_mib":
        short(memory_kib(&relay.pid().to_string(), "VmHWM") / 1024.0),
    }));
    if let Some(max) = plan.noticed_max {
        assert!(worst <= max, "others noticed: their p99 grew {worst:.1} times, {max} is allowed");
    }
}

/// Everybody connects, and stays.
async fn gather(plan: Plan, relay: &Relay, rooms: &[Rc<Room>]) {
    let numbers: Vec<u32> = (0..plan.idle + plan.active).collect();
    let pace = Duration::from_secs_f64(f64::from(plan.active) / f64::from(plan.entries_per_s));
    for some in numbers.chunks(AT_ONCE) {
        let arriving = some.iter().map(|number| {
            let room = &rooms[*number as usize % rooms.len()];
            async move {
                let mut guest =
                    Guest::connect(&relay.url, room, u64::from(*number)).await.expect("the relay answers");
                guest.settle().await.expect("a session");
                (*number, guest)
            }
        });
        for (number, guest) in futures_util::future::join_all(arriving).await {
            let writes = number < plan.active;
            let first = pace.mul_f64(f64::from(number) / f64::from(plan.active.max(1)));
            tokio::task::spawn_local(stay(guest, writes.then_some((first, pace))));
        }
    }
}

/// Listens, and writes at a steady pace if it writes at all.
async fn stay(mut guest: Guest, writes: Option<(Duration, Duration)>) {
    let (first, pace) = writes.unwrap_or((NEVER, NEVER));
    let mut due = interval(pace);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    due.reset_after(first);
    // What came is confirmed now and then, as every peer's clock has it.
    let mut ticks = interval(TICK);
    ticks.reset_after(TICK.mul_f64(fraction(guest.number())));
    loop {
        tokio::select! {
            turned = guest.turn() => turned.expect("the relay keeps who behaves"),
            _ = due.tick() => guest.write(ENTRY_BYTES),
            _ = ticks.tick() => guest.tick(),
        }
    }
}

/// Watches for a while; returns the 99th percentile of what entries take to their readers.
async fn part(name: &str, plan: Plan, relay: &Relay, rooms: &[Rc<Room>]) -> f64 {
    // What the change of parts stirs up is not counted.
    sleep(Duration::from_secs(1)).await;
    rooms.iter().for_each(|room| room.begin_anew());
    let (began, cpu) = (Instant::now(), relay.cpu_ms() / 1e3);
    sleep(Duration::from_secs(plan.seconds)).await;
    let (took, cpu) = (began.elapsed().as_secs_f64(), relay.cpu_ms() / 1e3 - cpu);
    let samples: Vec<f64> = rooms.iter().flat_map(|room| room.took.borrow().clone()).collect();
    let readers = f64::from(plan.idle + plan.active) / f64::from(plan.workspaces) - 1.0;
    let entries = samples.len() as f64 / readers;
    let p99 = quantile(&samples, 0.99);
    report(&json!({
        "bench": "load", "part": name, "seconds": short(took), "deliveries": samples.len(),
        "entries_per_s": short(entries / took), "p50_ms": short(quantile(&samples, 0.5)),
        "p90_ms": short(quantile(&samples, 0.9)), "p99_ms": short(p99),
        "relay_cpu": short(cpu / took), "relay_us_per_entry": short(cpu / entries * 1e6),
        "relay_us_per_delivery": short(cpu / samples.len() as f64 * 1e6),
        "relay_mib": short(memory_kib(&relay.pid().to_string(), "VmRSS") / 1024.0),
    }));
    p99
}

/// Those who mean it ill, in a process of their own that yields to all others: they have machines
/// of their own, and are not to take the time of those who are measured. Gone when dropped.
struct Mob(Child);

impl Mob {
    fn start(kind: crate::abuse::Kind, url: &str, workspaces: u32) -> Self {
        let exe = std::env::current_exe().expect("a program knows its own file");
        let mut command = Command::new("nice");
        command.args(["-n".as_ref(), "19".as_ref(), exe.as_os_str()]).args([
            "abuse",
            kind.name(),
            url,
            "--workspaces",
            &workspaces.to_string(),
        ]);
        Self(command.stdout(Stdio::null()).spawn().expect("it starts"))
    }
}

impl Drop for Mob {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
