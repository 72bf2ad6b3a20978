package io.modelassay.matrix;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.modelassay.checkpoint.FolderRemoval;
import io.modelassay.matrix.result.CellFile;
import io.modelassay.matrix.result.CellFileException;
import io.modelassay.matrix.result.CellResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a cell leaves its files: {@code cells/ID/}. Work goes on in a folder beside it, which takes its place as a whole when
 * the result is there; a lock keeps others from the same cell meanwhile, and ends with whoever holds it.
 */
final class CellFolder implements AutoCloseable {
    static final String EVENTS = "events.jsonl";
    static final String FIGURES = "figures.jsonl";
    static final String STDOUT = "stdout.log";
    static final String STDERR = "stderr.log";
    private static final String RESULT = "result.json";
    private static final String ATTEMPT = ".attempt-";
    private static final Duration LOOK = Duration.ofMillis(100);

    static final JsonMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final Path cells;
    private final String id;
    private final FileChannel lock;

    private CellFolder(Path cells, String id, FileChannel lock) {
        this.cells = cells;
        this.id = id;
        this.lock = lock;
    }

    /** The cell's folder, once nobody else works in it. What a process that died has left is removed. */
    static CellFolder lock(Path report, String id) throws IOException, InterruptedException {
        Path cells = Files.createDirectories(report.resolve("cells"));
        Path locks = Files.createDirectories(cells.resolve(".locks"));
        FileChannel lock = FileChannel.open(locks.resolve(id), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            await(lock);
            CellFolder folder = new CellFolder(cells, id, lock);
            folder.removeAttempts();
            return folder;
        } catch (IOException | InterruptedException e) {
            lock.close();
            throw e;
        }
    }

    /** File locks hold off other JVMs only; to this one's own threads they are an exception. */
    private static void await(FileChannel lock) throws IOException, InterruptedException {
        while (true) {
            try {
                lock.lock();
                return;
            } catch (OverlappingFileLockException e) {
                Thread.sleep(LOOK.toMillis());
            }
        }
    }

    /** The result of a cell, if it has one that can be read. */
    static Optional<CellResult> result(Path report, String id) {
        Path file = report.resolve("cells").resolve(id).resolve(RESULT);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(CellFile.read(file));
        } catch (CellFileException e) {
            // Left by another version, or damaged: the cell runs again.
            return Optional.empty();
        }
    }

    /** A new folder to work in. */
    Path attempt() throws IOException {
        return Files.createDirectory(
                cells.resolve(id + ATTEMPT + ProcessHandle.current().pid() + "-" + System.nanoTime()));
    }

    /** Writes the result, and puts the attempt into the cell's place. */
    void publish(Path attempt, CellResult result) throws IOException {
        CellFile.write(attempt.resolve(RESULT), result);
        Path place = cells.resolve(id);
        if (Files.exists(place)) {
            Files.move(place, attempt(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
        Files.move(attempt, place, StandardCopyOption.ATOMIC_MOVE);
        removeAttempts();
    }

    private void removeAttempts() throws IOException {
        List<Path> attempts;
        try (Stream<Path> entries = Files.list(cells)) {
            attempts = entries.filter(
                            entry -> String.valueOf(entry.getFileName()).startsWith(id + ATTEMPT))
                    .toList();
        }
        for (Path attempt : attempts) {
            try {
                FolderRemoval.remove(attempt);
            } catch (DirectoryNotEmptyException | UncheckedIOException e) {
                // The JVM of a killed parent is just halting; what it leaves goes the next time.
            }
        }
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
