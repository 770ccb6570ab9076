//! Where most tests begin: the simulator's demo world, and a home in which alice's key was added.

use crate::simulator::Simulator;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_SECRET};
use crate::simulator::world::World as Aws;
use crate::world::World;

/// The role that alice reaches with MFA under her own name, for up to twelve hours.
pub const ADMIN: &str = "arn:aws:iam::222233334444:role/Admin";

/// AWS, and a world in which `add alice` has run.
pub fn alice() -> (Simulator, World) {
    let aws = Simulator::start(Aws::demo());
    let world = World::new(&aws.endpoint());
    let key = key_file(&world);
    world.command(["add", "alice", "--csv", &key]).run().ok();
    (aws, world)
}

/// alice's key as the console's download.
pub fn key_file(world: &World) -> String {
    let file = world.secret_file("key.csv", &format!("Access key ID,Secret access key\n{DEMO_KEY_ID},{DEMO_SECRET}\n"));
    file.to_str().expect("a path of the tests").to_owned()
}
