//! The server as a process: what its clients get, and how it stops.
#![cfg(unix)]

use kit_test_support::{PATIENCE, Process, Signal};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The server on free ports, and its address.
async fn start(args: &[&str]) -> (Process, String) {
    let args = [&["127.0.0.1:0", "127.0.0.1:0"], args].concat();
    let mut server = Process::spawn(env!("CARGO_BIN_EXE_tcp_echo"), &args);
    server.line(" ready").await;
    let address = server.field("listening").await;
    (server, address.trim_start_matches("echo://").to_owned())
}

async fn connect(address: &str) -> BufReader<TcpStream> {
    BufReader::new(TcpStream::connect(address).await.expect("it listens"))
}

async fn send(client: &mut BufReader<TcpStream>, text: &str) {
    let sent = client.write_all(text.as_bytes()).await;
    sent.expect("it reads");
}

async fn line(client: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    let read = timeout(PATIENCE, client.read_line(&mut line)).await;
    read.expect("it answers").expect("no reset");
    line
}

/// What comes before the connection's end, which is no reset.
async fn rest(client: &mut BufReader<TcpStream>) -> String {
    let mut rest = String::new();
    let read = timeout(PATIENCE, client.read_to_string(&mut rest)).await;
    read.expect("it ends").expect("no reset");
    rest
}

#[tokio::test]
async fn a_line_that_has_begun_is_answered_and_an_idle_connection_is_closed() {
    let (mut server, address) = start(&[]).await;
    let (mut busy, mut idle) = (connect(&address).await, connect(&address).await);
    for client in [&mut busy, &mut idle] {
        send(client, "hello\n").await;
        assert_eq!(line(client).await, "hello\n");
    }
    // Sent with a line that is answered, so that it has been read.
    send(&mut busy, "first\nhalf a l").await;
    assert_eq!(line(&mut busy).await, "first\n");
    server.signal(Signal::TERM);
    server.line("stopping").await;
    assert_eq!(rest(&mut idle).await, "");
    drop(idle);
    send(&mut busy, "ine\nnot read any more\n").await;
    assert_eq!(rest(&mut busy).await, "half a line\n");
    drop(busy);
    let exit = server.exit_with(0).await;
    exit.expect_order(&[
        "stopping cause=SIGTERM",
        "component=\"echo\"",
        "exit_code=0",
    ]);
    assert_eq!(exit.count("not all had ended"), 0, "{}", exit.text());
}

/// Sends numbered lines without waiting for their answers, and gives the number of answers, which are those to
/// the first lines, each whole.
async fn load(client: BufReader<TcpStream>, name: usize) -> usize {
    let (mut reader, mut writer) = tokio::io::split(client);
    let sending = async {
        for number in 0.. {
            let line = format!("{name}: line {number}\n");
            if writer.write_all(line.as_bytes()).await.is_err() {
                break;
            }
        }
    };
    let mut answers = String::new();
    let reading = async { reader.read_to_string(&mut answers).await };
    // The end of the answers ends the sending as well, as it would in a real client.
    let read = tokio::select! {
        read = timeout(PATIENCE, reading) => read.expect("it ends"),
        () = sending => panic!("the server closed before its answers were read"),
    };
    read.expect("no reset");
    let mut count = 0;
    for (number, answer) in answers.split_inclusive('\n').enumerate() {
        assert_eq!(answer, format!("{name}: line {number}\n"));
        count += 1;
    }
    count
}

#[tokio::test]
async fn a_stop_under_load_answers_whole_lines_in_order_and_resets_no_connection() {
    let (server, address) = start(&[]).await;
    let mut clients = JoinSet::new();
    for name in 0..20 {
        let mut client = connect(&address).await;
        // Its connection was accepted, and lines go both ways.
        send(&mut client, "hello\n").await;
        assert_eq!(line(&mut client).await, "hello\n");
        clients.spawn(load(client, name));
    }
    server.signal(Signal::TERM);
    let (exit, counts) = tokio::join!(server.exit_with(0), clients.join_all());
    assert_eq!(counts.len(), 20);
    assert!(counts.iter().sum::<usize>() > 0, "{counts:?}");
    assert_eq!(exit.count("not all had ended"), 0, "{}", exit.text());
}

#[tokio::test]
async fn the_log_says_where_it_listens_and_whether_that_is_shown() {
    let (server, _) = start(&[]).await;
    let exit = server.terminate().await;
    assert_eq!(exit.count("not advertised"), 0, "{}", exit.text());
    let (server, address) = start(&["hidden"]).await;
    let mut client = connect(&address).await;
    send(&mut client, "hello\n").await;
    assert_eq!(line(&mut client).await, "hello\n");
    drop(client);
    let exit = server.terminate().await;
    exit.expect_order(&["listening, not advertised component=\"echo\""]);
}

#[tokio::test]
async fn an_argument_that_is_wrong_is_refused_and_named() {
    let free = "127.0.0.1:0";
    for (args, said) in [
        (&["localhost"][..], "`localhost` is no address"),
        (&[free, "9090"], "`9090` is no address"),
        (&[free, free, "hiden"], "`hiden` is not `hidden`"),
    ] {
        let server = Process::spawn(env!("CARGO_BIN_EXE_tcp_echo"), args);
        let exit = server.exit_with(2).await;
        exit.expect_order(&[said]);
    }
}
