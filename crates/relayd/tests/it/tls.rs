//! Sessions over TLS, by certificates that are renewed.

use std::path::Path;

use proofroom_relayd::{Config, RelayError, Server, TlsFiles, start};
use proofroom_sync::Event;
use proofroom_transport::{Address, Authorities, ConnectError, Options, connect};

use crate::client::Client;

/// A certificate for loopback that vouches for itself, and its key.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn write(folder: &Path, (cert, key): &(String, String)) -> TlsFiles {
    let files = TlsFiles { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.cert, cert).expect("room");
    std::fs::write(&files.key, key).expect("room");
    files
}

/// Who believes this certificate.
fn believing(folder: &Path, made: &(String, String)) -> Authorities {
    let path = folder.join("believed.pem");
    std::fs::write(&path, &made.0).expect("room");
    Authorities::of_file(&path).expect("certificates")
}

async fn serving(data: &Path, files: TlsFiles) -> Result<Server, RelayError> {
    let mut config = Config::new("127.0.0.1:0", data);
    config.tls = Some(files);
    start(config).await
}

async fn trial(server: &Server, authorities: &Authorities) -> Result<(), ConnectError> {
    let address: Address = server.url().parse().expect("an address");
    let options = Options { authorities: authorities.clone(), ..Options::default() };
    connect(&address, options).await.map(drop)
}

#[tokio::test]
async fn only_who_believes_its_certificate_talks_to_a_relay() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = certificate();
    let server = serving(folder.path(), write(folder.path(), &made)).await.expect("it starts");
    assert!(server.url().starts_with("wss://127.0.0.1:"));
    let refused = trial(&server, &Authorities::default()).await;
    assert!(matches!(refused, Err(ConnectError::Untrusted { .. })), "{refused:?}");
    let mut ada = Client::founder(1);
    ada.authorities = believing(folder.path(), &made);
    ada.write(1, b"sealed");
    ada.sync(&server).await;
    let plain: Address = server.url().replace("wss:", "ws:").parse().expect("an address");
    assert!(connect(&plain, Options::default()).await.is_err(), "nothing is served in the clear");
    server.stop().await.expect("it stops in good order");
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_open_connections_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (certificate(), certificate());
    let server = serving(folder.path(), write(folder.path(), &old)).await.expect("it starts");
    let mut ada = Client::founder(1);
    ada.authorities = believing(folder.path(), &old);
    ada.sync(&server).await;
    write(folder.path(), &new);
    server.renew();
    let refused = trial(&server, &ada.authorities).await;
    assert!(matches!(refused, Err(ConnectError::Untrusted { .. })), "{refused:?}");
    let mut bo = ada.afresh(2);
    bo.authorities = believing(folder.path(), &new);
    bo.sync(&server).await;
    ada.write(1, b"over the connection from before");
    bo.drive_until(|c| c.entries() == 2).await;
    ada.drive_until(|c| matches!(c.events.last(), Some(Event::Delivered { outstanding: 0, .. }))).await;
}

#[tokio::test]
async fn a_renewal_is_noticed_without_being_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (certificate(), certificate());
    let server = serving(folder.path(), write(folder.path(), &old)).await.expect("it starts");
    write(folder.path(), &new);
    let believed = believing(folder.path(), &new);
    let noticed = async { while trial(&server, &believed).await.is_err() {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), noticed).await.expect("it is taken up");
}

#[tokio::test]
async fn files_that_do_not_fit_stop_no_relay_that_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (good, other) = (certificate(), certificate());
    let files = write(folder.path(), &good);
    let server = serving(folder.path(), files.clone()).await.expect("it starts");
    let believed = believing(folder.path(), &good);
    for (cert, key) in [(&good.0, &other.1), (&good.1, &good.1), (&good.0, &good.0)] {
        write(folder.path(), &(cert.clone(), key.clone()));
        server.renew();
        trial(&server, &believed).await.expect("the certificate before stays in use");
    }
    std::fs::remove_file(&files.key).expect("it is there");
    server.renew();
    trial(&server, &believed).await.expect("the certificate before stays in use");
    server.stop().await.expect("it stops in good order");
}

#[tokio::test]
async fn a_relay_does_not_start_by_files_that_do_not_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let (good, other) = (certificate(), certificate());
    for (cert, key, named) in [
        (&good.0, &other.1, "key.pem"),
        (&good.0, &good.0, "key.pem"),
        (&good.1, &good.1, "cert.pem"),
        (&"nonsense".to_owned(), &good.1, "cert.pem"),
    ] {
        let files = write(folder.path(), &(cert.clone(), key.clone()));
        let refused = serving(folder.path(), files).await.map(drop);
        assert!(
            matches!(&refused, Err(RelayError::Tls { path, .. }) if path.ends_with(named)),
            "{refused:?}"
        );
    }
    let gone = TlsFiles { cert: folder.path().join("gone.pem"), key: folder.path().join("key.pem") };
    let refused = serving(folder.path(), gone).await.map(drop);
    assert!(matches!(refused, Err(RelayError::Data { .. })), "{refused:?}");
}
