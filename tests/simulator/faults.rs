//! What can go wrong on purpose, per operation, once, a number of times or for ever.

use std::time::Duration;

use serde::Deserialize;

/// How a call is spoilt.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The work is done at once and its answer comes late; goes together with other faults. Milliseconds.
    Latency(u64),
    /// An AWS error instead of the work.
    Error {
        status: u16,
        code: String,
        #[serde(default)]
        message: String,
        /// Seconds for a Retry-After header.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// 200 and a web page, as a captive portal answers.
    Html,
    /// Any answer instead of the work.
    Answer { status: u16, content_type: String, body: String },
    /// The work is done, then words of its answer are replaced: dates, names of elements, anything.
    Rewrite { find: String, replace: String },
    /// 200 and XML of the right kind with nothing in it.
    EmptyResult,
    /// The work is done, the answer stops in the middle of its body.
    HalfBody,
    /// Connection reset before anything was read. Cannot be bound to an operation.
    ResetBeforeReading,
    /// Connection reset when the request was read, nothing done.
    ResetAfterReading,
    /// The work is done, then the connection is reset: the answer is lost.
    ResetAfterHandling,
    /// The connection closes without an answer, nothing done.
    Close,
    /// Nothing is done and no answer comes, ever; the connection stays.
    Silence,
}

impl Fault {
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Error { status, code: code.into(), message: message.into(), retry_after: None }
    }

    /// AWS's throttling, as STS answers it.
    pub fn throttling() -> Self {
        Self::error(400, "Throttling", "Rate exceeded")
    }

    pub fn latency(time: Duration) -> Self {
        Self::Latency(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    /// Any answer of the right content type, STS's XML or not.
    pub fn answer(status: u16, body: &str) -> Self {
        Self::Answer { status, content_type: "text/xml".into(), body: body.into() }
    }

    pub fn rewrite(find: &str, replace: &str) -> Self {
        Self::Rewrite { find: find.into(), replace: replace.into() }
    }

    /// Whether the client gets a whole answer of HTTP.
    pub fn answers(&self) -> bool {
        matches!(
            self,
            Self::Latency(_)
                | Self::Error { .. }
                | Self::Html
                | Self::EmptyResult
                | Self::Answer { .. }
                | Self::Rewrite { .. }
        )
    }

    /// As the record of calls names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Latency(_) => "latency",
            Self::Error { .. } => "error",
            Self::Html => "html",
            Self::EmptyResult => "empty_result",
            Self::HalfBody => "half_body",
            Self::ResetBeforeReading => "reset_before_reading",
            Self::ResetAfterReading => "reset_after_reading",
            Self::ResetAfterHandling => "reset_after_handling",
            Self::Close => "close",
            Self::Silence => "silence",
            Self::Answer { .. } => "answer",
            Self::Rewrite { .. } => "rewrite",
        }
    }
}

/// A fault and where it strikes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    pub fault: Fault,
    /// Any operation if absent.
    #[serde(default)]
    pub operation: Option<String>,
    /// For ever if absent.
    #[serde(default)]
    pub times: Option<u32>,
}

/// The faults still to come, in order.
#[derive(Debug, Default)]
pub struct Faults(Vec<Planned>);

impl Faults {
    pub fn plan(&mut self, planned: Planned) {
        self.0.push(planned);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether a connection is to be reset before its request is read.
    pub fn strikes_before_reading(&mut self) -> bool {
        self.take(|p| p.fault == Fault::ResetBeforeReading).is_some()
    }

    /// The waiting time and the spoiling of this call.
    pub fn strike(&mut self, operation: &str) -> (Duration, Option<Fault>) {
        let here = |p: &Planned| p.operation.as_deref().is_none_or(|o| o == operation);
        let mut wait = Duration::ZERO;
        if let Some(Fault::Latency(ms)) = self.take(|p| here(p) && matches!(p.fault, Fault::Latency(_))) {
            wait = Duration::from_millis(ms);
        }
        let fault = self.take(|p| here(p) && !matches!(p.fault, Fault::Latency(_) | Fault::ResetBeforeReading));
        (wait, fault)
    }

    fn take(&mut self, wanted: impl Fn(&Planned) -> bool) -> Option<Fault> {
        let at = self.0.iter().position(wanted)?;
        let planned = &mut self.0[at];
        let fault = planned.fault.clone();
        if let Some(times) = &mut planned.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.0.remove(at);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_and_where_it_was_planned() {
        let mut faults = Faults::default();
        faults.plan(Planned { fault: Fault::Html, operation: Some("AssumeRole".into()), times: Some(2) });
        faults.plan(Planned { fault: Fault::Latency(5), operation: None, times: None });
        assert_eq!(faults.strike("GetCallerIdentity"), (Duration::from_millis(5), None));
        assert_eq!(faults.strike("AssumeRole").1, Some(Fault::Html));
        assert_eq!(faults.strike("AssumeRole").1, Some(Fault::Html));
        assert_eq!(faults.strike("AssumeRole"), (Duration::from_millis(5), None));
    }
}
