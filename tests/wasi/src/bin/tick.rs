//! `tick DATA MILLIS CALL`: one tick at an instant, in a process that is killed at a call of the runtime.

use host_conformance::upstream::{Upstream, key_of};
use scheduler_core::domain::Timestamp;
use wasi_conformance::{Instance, SimulatedClock, Stop, location, shared};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, data, millis, call] = &arguments[..] else { panic!("tick DATA MILLIS CALL") };
    let clock = SimulatedClock::at(Timestamp::from_millis(millis.parse().expect("an instant")));
    let upstream = Upstream::new(shared(clock));
    upstream.sandbox().add(&key_of("peakpro"), location(1));
    let instance = Instance { clock: Some(clock), ..Instance::on(data.as_ref(), upstream.sandbox().clone()) };
    let stop = Stop::Kill(call.parse().expect("a number"));
    println!("{:?}", instance.stopped(stop).run(&["tick"]).await);
}
