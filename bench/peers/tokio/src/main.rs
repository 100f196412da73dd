// SPDX-License-Identifier: MIT
// tokio_peer CASE N ROUNDS: see avow.c. A waiting task takes the place of a
// promise with a handler, and its oneshot channel takes the place of the
// promise.
use std::env::{args, var};
use std::process::exit;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{spawn, JoinHandle};

async fn join<T>(tasks: Vec<JoinHandle<T>>) {
    for task in tasks {
        task.await.unwrap();
    }
}

fn wait_for_all(n: usize) -> (Vec<oneshot::Sender<u64>>, Vec<JoinHandle<u64>>) {
    (0..n)
        .map(|_| {
            let (sender, receiver) = oneshot::channel();
            (sender, spawn(async move { receiver.await.unwrap() + 1 }))
        })
        .unzip()
}

async fn settle(n: usize) {
    let (senders, tasks) = wait_for_all(n);
    for sender in senders {
        sender.send(1).unwrap();
    }
    join(tasks).await;
}

async fn chain(n: usize) {
    let (first, mut last) = oneshot::channel();
    for _ in 0..n {
        let (sender, receiver) = oneshot::channel();
        let before = std::mem::replace(&mut last, receiver);
        spawn(async move { sender.send(before.await.unwrap() + 1u64) });
    }
    first.send(0).unwrap();
    last.await.unwrap();
}

async fn await_all(n: usize) {
    for _ in 0..n {
        let (sender, receiver) = oneshot::channel();
        sender.send(1).unwrap();
        receiver.await.unwrap();
    }
}

async fn start(n: usize) {
    join((0..n).map(|_| spawn(async {})).collect()).await;
}

async fn channel(n: usize) {
    let (sender, mut receiver) = mpsc::channel(1);
    let sending = spawn(async move {
        for _ in 0..n {
            sender.send(1).await.unwrap();
        }
    });
    while receiver.recv().await.is_some() {}
    sending.await.unwrap();
}

async fn sleep(n: usize) {
    let nap = || tokio::time::sleep(Duration::from_millis(1));
    join((0..n).map(|_| spawn(nap())).collect()).await;
}

async fn file(n: usize) {
    let read = || async { tokio::fs::read(var("PEER_FILE").unwrap()).await.unwrap() };
    join((0..n).map(|_| spawn(read())).collect()).await;
}

async fn thread(n: usize) {
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..n).map(|_| oneshot::channel()).unzip();
    let other = std::thread::spawn(move || {
        for sender in senders {
            sender.send(1).unwrap();
        }
    });
    for receiver in receivers {
        receiver.await.unwrap();
    }
    other.join().unwrap();
}

async fn pending(n: usize) {
    let _waiting = wait_for_all(n);
    tokio::task::yield_now().await;
    exit(0);
}

async fn run(name: &str, n: usize) {
    match name {
        "settle" => settle(n).await,
        "chain" => chain(n).await,
        "await" => await_all(n).await,
        "start" => start(n).await,
        "channel" => channel(n).await,
        "sleep" => sleep(n).await,
        "file" => file(n).await,
        "thread" => thread(n).await,
        "pending" => pending(n).await,
        _ => exit(3),
    }
}

fn main() {
    let words: Vec<String> = args().collect();
    let n = words[2].parse().unwrap();
    let rounds: usize = words[3].parse().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    for _ in 0..rounds {
        runtime.block_on(run(&words[1], n));
    }
}
