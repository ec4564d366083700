//! TLS by certificate files, which may be renewed while the relay runs.
//!
//! A renewed certificate is taken up within seconds, or at once on SIGHUP. It holds for
//! the connections that come after; those that are open go on. Files that cannot be used
//! change nothing: the certificate before them stays in use, and the log says why.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::RelayError;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// No chain or key is larger.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The files of a certificate, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and an authority, in this order.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// The certificate in use.
#[derive(Debug)]
pub(crate) struct Tls {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    held: RwLock<Arc<CertifiedKey>>,
    /// How the files looked before they were read.
    read_at: Stamps,
}

/// When each file was written last, and how long it is; `None` where it cannot be seen.
type Stamps = [Option<(SystemTime, u64)>; 2];

impl Tls {
    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, RelayError> {
        let provider = Arc::new(ring::default_provider());
        let read_at = stamps(&files);
        let held = RwLock::new(Arc::new(read(&files, &provider)?));
        Ok(Arc::new(Self { files, provider, held, read_at }))
    }

    /// What a listener is configured with; it follows renewals.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, RelayError> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|e| RelayError::System(format!("TLS: {e}")))?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::clone(self) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Takes up what the files hold now; what cannot be used changes nothing.
    pub fn reload(&self) {
        match read(&self.files, &self.provider) {
            Ok(renewed) => {
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
                tracing::info!(cert = %self.files.cert.display(), "the certificate was read again");
            }
            Err(error) => tracing::error!(%error, "the certificate was not renewed: the one before stays"),
        }
    }

    /// Follows the files until nobody serves by them any more.
    pub async fn follow(self: Arc<Self>) {
        let mut seen = self.read_at;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if Arc::strong_count(&self) == 1 {
                return;
            }
            let now = stamps(&self.files);
            if now != seen {
                seen = now;
                self.reload();
            }
        }
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn stamps(files: &TlsFiles) -> Stamps {
    [&files.cert, &files.key].map(|path| {
        let held = fs::metadata(path).ok()?;
        Some((held.modified().ok()?, held.len()))
    })
}

fn read(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, RelayError> {
    let bad = |path: &Path, why: String| RelayError::Tls { path: path.to_path_buf(), why };
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(&bytes(&files.cert)?).collect();
    let chain = chain.map_err(|e| bad(&files.cert, e.to_string()))?;
    if chain.is_empty() {
        return Err(bad(&files.cert, "it holds no PEM certificate".into()));
    }
    let secret = zeroize::Zeroizing::new(bytes(&files.key)?);
    let key = PrivateKeyDer::from_pem_slice(&secret)
        .map_err(|e| bad(&files.key, format!("it holds no PEM private key ({e})")))?;
    warn_if_open(&files.key);
    CertifiedKey::from_der(chain, key, provider)
        .map_err(|e| bad(&files.key, format!("it does not fit the certificate: {e}")))
}

fn bytes(path: &Path) -> Result<Vec<u8>, RelayError> {
    let read = fs::metadata(path).and_then(|held| match held.len() <= FILE_BYTES_MAX {
        true => fs::read(path),
        false => Err(std::io::Error::other("it is larger than any certificate or key")),
    });
    read.map_err(|cause| RelayError::Data { doing: "read", path: path.to_path_buf(), cause })
}

fn warn_if_open(key: &Path) {
    if fs::metadata(key).is_ok_and(|held| held.permissions().mode() & 0o007 != 0) {
        tracing::warn!(key = %key.display(), "every user of this machine may read the private key: chmod 600");
    }
}
