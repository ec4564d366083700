//! Programs that show a message, such as `notify-send`.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::courier::Verdict;
use crate::message::Message;
use crate::settings::ProgramSettings;

const TIMEOUT: Duration = Duration::from_secs(20);

/// Runs the program once, with subject and text as its last arguments; no shell is in between.
pub(crate) async fn run(program: &ProgramSettings, message: &Message) -> Verdict {
    let Some((first, more)) = program.run.split_first() else {
        return Verdict::Never("no program is named".into());
    };
    let mut command = Command::new(first);
    command.args(more).arg(message.subject()).arg(message.body());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(TIMEOUT, command.status()).await {
        Ok(Ok(status)) if status.success() => Verdict::Delivered,
        Ok(Ok(status)) => Verdict::Later(format!("{first} ended with {status}")),
        Ok(Err(e)) if e.kind() == std::io::ErrorKind::NotFound => {
            Verdict::Never(format!("{first} is not there"))
        }
        Ok(Err(e)) => Verdict::Later(format!("{first} cannot be run: {e}")),
        Err(_) => Verdict::Later(format!("{first} did not end within {} seconds", TIMEOUT.as_secs())),
    }
}
