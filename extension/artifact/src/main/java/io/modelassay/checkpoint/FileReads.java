package io.modelassay.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Reads at given places of a file. */
final class FileReads {

    private FileReads() {}

    /**
     * Fills a buffer.
     *
     * @throws CheckpointException ({@code file-changed}) if the file ends before the buffer is full; callers check lengths
     *     first
     */
    static void fully(Path file, FileChannel channel, ByteBuffer into, long position) throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int read = channel.read(into, at);
            if (read < 0) {
                throw gotShorter(file, at);
            }
            at += read;
        }
    }

    static CheckpointException gotShorter(Path file, long at) {
        return CheckpointException.of(CheckpointProblem.FILE_CHANGED, "The file got shorter while it was read")
                .file(file)
                .at(at)
                .next("make sure that nothing writes to the checkpoint during a test");
    }
}
