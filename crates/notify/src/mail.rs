//! Mail, by the sender's own mail server.

use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use crate::courier::Verdict;
use crate::message::Message;
use crate::settings::{Encryption, MailSettings};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A mail address, with or without a name.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.trim().parse().map_err(|e| format!("`{text}` is no mail address: {e}"))
}

fn letter(mail: &MailSettings, id: &str, to: &str, message: &Message) -> Result<lettre::Message, String> {
    let (from, mut to) = (mailbox(&mail.from)?, mailbox(to)?);
    let domain = from.email.domain().to_owned();
    to.name = to.name.or_else(|| Some(message.to.name.clone()));
    // A name of control characters would be no header; the address alone will do then.
    to.name = to.name.filter(|name| !name.chars().any(char::is_control));
    let automatic =
        HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into());
    let builder: MessageBuilder = lettre::Message::builder()
        .from(from)
        .to(to)
        .subject(message.subject())
        // The same on every attempt, so that readers show it once.
        .message_id(Some(format!("<{id}@{domain}>")))
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN);
    builder.body(message.body()).map_err(|e| e.to_string())
}

fn transport(mail: &MailSettings) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = match mail.encryption {
        Encryption::None => Tls::None,
        encryption => {
            let parameters = TlsParameters::new_rustls(mail.server.clone()).map_err(|e| e.to_string())?;
            if encryption == Encryption::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }
        }
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.server)
        .port(mail.port.unwrap_or(mail.encryption.port()))
        .tls(tls)
        .timeout(Some(TIMEOUT));
    if let (Some(user), Some(password)) = (&mail.user, &mail.password) {
        builder = builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
    }
    Ok(builder.build())
}

/// Sends a message to one address once.
pub(crate) async fn send(mail: &MailSettings, id: &str, to: &str, message: &Message) -> Verdict {
    let (letter, transport) = match (letter(mail, id, to, message), transport(mail)) {
        (Ok(letter), Ok(transport)) => (letter, transport),
        (Err(e), _) | (_, Err(e)) => return Verdict::Never(e),
    };
    match transport.send(letter).await {
        Ok(_) => Verdict::Delivered,
        Err(e) if e.is_permanent() => Verdict::Never(reason(&e)),
        Err(e) => Verdict::Later(reason(&e)),
    }
}

fn reason(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if !text.contains(&cause.to_string()) {
            text = format!("{text}: {cause}");
        }
        source = cause.source();
    }
    text
}
