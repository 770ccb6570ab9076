//! The XML of the Query protocol, as STS and IAM write answers and errors, and of S3, which writes them barer.

/// STS and IAM share the protocol but not the namespace; S3 has neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Sts,
    Iam,
    S3,
}

impl Service {
    /// By the `Version` parameter, as AWS tells them apart.
    pub fn of_version(version: &str) -> Option<Self> {
        match version {
            "2011-06-15" => Some(Self::Sts),
            "2010-05-08" => Some(Self::Iam),
            _ => None,
        }
    }

    /// The name in a credential scope.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::S3 => "s3",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::S3 => "http://s3.amazonaws.com/doc/2006-03-01/",
        }
    }
}

/// An element that holds text.
pub fn text(name: &str, value: &str) -> String {
    format!("<{name}>{}</{name}>", escape(value))
}

/// An element that holds elements.
pub fn element(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

/// A whole answer; IAM's writing calls have no result element.
pub fn response(service: Service, operation: &str, result: Option<&str>, request_id: &str) -> String {
    if service == Service::S3 {
        let result = result.unwrap_or_default();
        let namespace = service.namespace();
        return format!("<ListAllMyBucketsResult xmlns=\"{namespace}\">{result}</ListAllMyBucketsResult>");
    }
    let result = result.map_or(String::new(), |r| element(&format!("{operation}Result"), r));
    format!(
        "<{operation}Response xmlns=\"{}\">{result}<ResponseMetadata>{}</ResponseMetadata></{operation}Response>",
        service.namespace(),
        text("RequestId", request_id)
    )
}

/// A whole error; `Sender` below 500, else `Receiver`.
pub fn error(service: Service, status: u16, code: &str, message: &str, request_id: &str) -> String {
    if service == Service::S3 {
        let inner = [text("Code", code), text("Message", message), text("RequestId", request_id)];
        return element("Error", &inner.concat());
    }
    let kind = if status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"{}\"><Error>{}{}{}</Error>{}</ErrorResponse>",
        service.namespace(),
        text("Type", kind),
        text("Code", code),
        text("Message", message),
        text("RequestId", request_id)
    )
}

fn escape(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
