//! A mail server and a web server, as small as they can be, on threads of their own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A mail that was taken.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    pub auth: Option<String>,
    pub from: String,
    pub to: String,
    pub text: String,
}

/// A mail server: each recipient is answered by the next of the scripted replies, then by yes.
pub struct MailServer {
    pub address: SocketAddr,
    pub mails: Arc<Mutex<Vec<Mail>>>,
    /// Everything that clients said, line by line.
    pub heard: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub fn start(replies: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (mails, heard) = (Arc::default(), Arc::default());
        let replies: Vec<String> = replies.iter().rev().map(|r| (*r).to_owned()).collect();
        let (replies, server) = (Arc::new(Mutex::new(replies)), Self { address, mails, heard });
        let (mails, heard) = (server.mails.clone(), server.heard.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (mails, heard, replies) = (mails.clone(), heard.clone(), replies.clone());
                // A client that goes away ends its conversation.
                std::thread::spawn(move || converse(stream, &mails, &heard, &replies));
            }
        });
        server
    }
}

fn converse(
    mut stream: TcpStream,
    mails: &Mutex<Vec<Mail>>,
    heard: &Mutex<Vec<String>>,
    replies: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 mail.test ESMTP\r\n")?;
    let mut mail = Mail::default();
    while let Some(line) = lines.next().transpose()? {
        heard.lock().expect("unpoisoned").push(line.clone());
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let reply = match word.as_str() {
            "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN".to_owned(),
            "AUTH" => {
                mail.auth = line.split(' ').nth(2).map(str::to_owned);
                "235 ok".to_owned()
            }
            "MAIL" => {
                mail.from = line;
                "250 ok".to_owned()
            }
            "RCPT" => {
                mail.to = line;
                replies.lock().expect("unpoisoned").pop().unwrap_or("250 ok".to_owned())
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let text = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".");
                mail.text = text.collect::<Vec<_>>().join("\n");
                mails.lock().expect("unpoisoned").push(mail.clone());
                "250 taken".to_owned()
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => "250 ok".to_owned(),
        };
        stream.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}

/// A request that was received.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// A web server: each request is answered by the next of the scripted answers, then by 204.
pub struct WebServer {
    pub address: SocketAddr,
    pub requests: Arc<Mutex<Vec<Request>>>,
}

impl WebServer {
    pub fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let server = Self { address: listener.local_addr().expect("bound"), requests: Arc::default() };
        let requests = server.requests.clone();
        let mut answers: Vec<String> = answers.iter().rev().map(|a| (*a).to_owned()).collect();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = answers.pop().unwrap_or("204 No Content".to_owned());
                if let Some(request) = receive(stream, &answer) {
                    requests.lock().expect("unpoisoned").push(request);
                }
            }
        });
        server
    }

    pub fn all(&self) -> Vec<Request> {
        self.requests.lock().expect("unpoisoned").clone()
    }
}

fn receive(mut stream: TcpStream, answer: &str) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    stream
        .write_all(format!("HTTP/1.1 {answer}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").as_bytes())
        .ok()?;
    Some(Request { path: first.split(' ').nth(1)?.to_owned(), headers, body })
}
