package io.modelassay.checkpoint;

import org.apiguardian.api.API;

/** Told how far a scan has come; called by the scanning threads, one call at a time, never with fewer bytes than before. */
@FunctionalInterface
@API(status = API.Status.EXPERIMENTAL)
public interface ScanProgress {

    /**
     * Some more bytes have been scanned.
     *
     * @param bytesDone bytes scanned so far
     * @param bytesTotal bytes to scan in all
     */
    void scanned(long bytesDone, long bytesTotal);
}
