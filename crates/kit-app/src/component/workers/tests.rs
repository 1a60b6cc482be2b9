//! Periodic work and the intake of an app, which a drain closes and an undrain opens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::{App, Delivery, Signals};

#[tokio::test(start_paused = true)]
async fn no_time_comes_while_the_intake_is_closed_and_those_after_it_do() {
    const SECOND: Duration = Duration::from_secs(1);
    let times = Arc::new(AtomicU32::new(0));
    let work = Arc::clone(&times);
    let app = App::builder("app")
        .signals(Signals::none())
        .event_delivery(Delivery::Inline)
        .every("tick", SECOND, move |_| {
            work.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        let so_far = || times.load(Ordering::SeqCst);
        sleep(SECOND * 5 / 2).await;
        assert_eq!(so_far(), 3);
        assert!(handle.core().intake.close());
        sleep(SECOND * 10).await;
        assert_eq!(so_far(), 3);
        assert!(handle.core().intake.open());
        sleep(SECOND * 2).await;
        assert_eq!(so_far(), 5);
        handle.stop("done");
    });
    report.unwrap();
}
