//! A file that is being fetched: `FILE.part` on the disk, taken up where an earlier try ended.

use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, RANGE};
use sha2::{Digest, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::hub::{Hub, HubError, RemoteFile};
use super::pull::{Progress, PullError};

/// The unfinished file, and its digest so far. The entity tag that its bytes came with lies beside it.
pub struct Part {
    path: PathBuf,
    tag_path: PathBuf,
    file: File,
    digest: Sha256,
    here: u64,
}

impl Part {
    /// Opens what an earlier try left beside `target`, or begins anew.
    pub async fn open(target: &Path, remote: &RemoteFile) -> Result<Self, PullError> {
        let path = target.with_added_extension("part");
        let tag_path = target.with_added_extension("part.etag");
        let io = |source| PullError::Io { path: path.clone(), source };
        let file = OpenOptions::new().create(true).append(true).open(&path).await.map_err(io)?;
        let mut part = Self { path, tag_path, file, digest: Sha256::new(), here: 0 };
        part.read_what_is_here().await?;
        if part.here > remote.size {
            part.empty().await?;
        }
        Ok(part)
    }

    /// Bytes that are here.
    pub fn here(&self) -> u64 {
        self.here
    }

    async fn read_what_is_here(&mut self) -> Result<(), PullError> {
        let mut file = File::open(&self.path).await.map_err(|source| self.io(source))?;
        // A device has no length: it is nothing to resume from.
        if !file.metadata().await.map_err(|source| self.io(source))?.is_file() {
            return Ok(());
        }
        let mut block = vec![0; 1 << 20];
        loop {
            let count = file.read(&mut block).await.map_err(|source| self.io(source))?;
            if count == 0 {
                return Ok(());
            }
            self.digest.update(&block[..count]);
            self.here += count as u64;
        }
    }

    /// One request: what is missing, appended as it comes.
    pub async fn fetch(
        &mut self,
        hub: &Hub,
        remote: &RemoteFile,
        progress: &dyn Progress,
    ) -> Result<(), PullError> {
        let answer = hub.bytes(&remote.address, self.range_headers().await).await?;
        let status = answer.status();
        match status {
            StatusCode::PARTIAL_CONTENT if starts_at(answer.headers(), self.here) => {}
            // The whole file from its start: another version of it, or a server without ranges.
            StatusCode::OK => self.empty().await?,
            StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT => return self.empty().await,
            _ => {
                let host = remote.address.host_str().unwrap_or("the hub").to_owned();
                return Err(HubError::Refused { host, status }.into());
            }
        }
        self.remember_tag(answer.headers()).await?;
        let mut stream = answer.bytes_stream();
        let cut_off = |here| PullError::CutOff { here, size: remote.size };
        while let Some(piece) = stream.next().await {
            let Ok(piece) = piece else {
                self.file.flush().await.map_err(|source| self.write_error(source, remote.size))?;
                return Err(cut_off(self.here));
            };
            self.file.write_all(&piece).await.map_err(|source| self.write_error(source, remote.size))?;
            self.digest.update(&piece);
            self.here += piece.len() as u64;
            progress.reached(self.here);
        }
        self.file.flush().await.map_err(|source| self.write_error(source, remote.size))
    }

    async fn range_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.here == 0 {
            return headers;
        }
        if let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", self.here)) {
            headers.insert(RANGE, range);
        }
        let tag = fs::read_to_string(&self.tag_path).await.unwrap_or_default();
        if let (false, Ok(tag)) = (tag.is_empty(), HeaderValue::from_str(tag.trim())) {
            headers.insert(IF_RANGE, tag);
        }
        headers
    }

    /// Only a strong tag can guard a range (RFC 9110, 13.1.5).
    async fn remember_tag(&self, headers: &HeaderMap) -> Result<(), PullError> {
        let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).filter(|tag| tag.starts_with('"'));
        let io = |source| PullError::Io { path: self.tag_path.clone(), source };
        match tag {
            Some(tag) => fs::write(&self.tag_path, tag).await.map_err(io),
            None => Ok(()),
        }
    }

    async fn empty(&mut self) -> Result<(), PullError> {
        self.file.set_len(0).await.or_else(device_has_no_length).map_err(|source| self.io(source))?;
        self.digest = Sha256::new();
        self.here = 0;
        remove(&self.tag_path).await
    }

    /// Verifies what is here, and gives it its name. What fails is thrown away.
    pub async fn finish(mut self, remote: &RemoteFile, target: &Path) -> Result<(), PullError> {
        self.file.sync_all().await.map_err(|source| self.write_error(source, remote.size))?;
        let found = hex::encode(std::mem::take(&mut self.digest).finalize());
        if found != remote.sha256 || self.here != remote.size {
            remove(&self.path).await?;
            remove(&self.tag_path).await?;
            return Err(PullError::WrongDigest { expected: remote.sha256.clone(), found });
        }
        fs::rename(&self.path, target).await.map_err(|source| self.io(source))?;
        remove(&self.tag_path).await
    }

    fn io(&self, source: std::io::Error) -> PullError {
        PullError::Io { path: self.path.clone(), source }
    }

    fn write_error(&self, source: std::io::Error, size: u64) -> PullError {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                PullError::DiskFull { here: self.here, size }
            }
            _ => self.io(source),
        }
    }
}

fn device_has_no_length(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::InvalidInput { Ok(()) } else { Err(error) }
}

fn starts_at(headers: &HeaderMap, at: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
    range.strip_prefix("bytes ").is_some_and(|range| range.split('-').next() == Some(&at.to_string()))
}

async fn remove(path: &Path) -> Result<(), PullError> {
    match fs::remove_file(path).await {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(PullError::Io { path: path.into(), source })
        }
        _ => Ok(()),
    }
}
