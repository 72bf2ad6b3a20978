package io.modelassay.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.modelassay.checkpoint.JsonText;
import io.modelassay.checkpoint.WholeFile;
import io.modelassay.report.Results.Part;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The files of a report: {@code results.json}, {@code index.html} and {@code parts/RUN_PROCESS.json}. Writers take turns
 * under a lock, and each file is replaced as a whole, so that a reader never sees half of one.
 */
final class ReportFolder {
    static final String PAGE = "index.html";
    static final String RESULTS = "results.json";
    private static final String PARTS = "parts";

    /** A file lock keeps other processes out, but fails between two threads of one. */
    private static final Object ONE_WRITER = new Object();

    /** Made when there is a part of another JVM to read: making it takes longer than a whole structural test. */
    private static final class PartReader {
        private static final JsonMapper JSON = JsonMapper.builder()
                .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build();
    }

    private final Path folder;
    private final String run;

    ReportFolder(Path folder, String run) {
        this.folder = folder;
        this.run = run;
    }

    Path page() {
        return folder.resolve(PAGE);
    }

    /** Adds or replaces a part, and writes everything anew. */
    Results write(Part part) {
        Path parts = folder.resolve(PARTS);
        synchronized (ONE_WRITER) {
            try {
                Files.createDirectories(parts);
                try (FileChannel channel = FileChannel.open(
                                parts.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock lock = channel.lock()) {
                    Path own = parts.resolve(run + "_" + part.process() + ".json");
                    WholeFile.write(own, JsonText.of(part));
                    Results results = ResultsMerger.merge(run, read(parts, own, part));
                    WholeFile.write(folder.resolve(RESULTS), JsonText.of(results));
                    WholeFile.write(page(), ReportPage.of(results));
                    lock.release();
                    return results;
                }
            } catch (IOException e) {
                throw new UncheckedIOException("The report in " + folder + " cannot be written: " + e.getMessage(), e);
            }
        }
    }

    /** The parts of this run, the own one as it is known; those of other runs are removed. */
    private List<Part> read(Path parts, Path own, Part known) throws IOException {
        List<Path> files;
        try (Stream<Path> entries = Files.list(parts)) {
            files = entries.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
        List<Part> read = new ArrayList<>();
        for (Path file : files) {
            if (file.equals(own)) {
                read.add(known);
                continue;
            }
            try {
                Part part = PartReader.JSON.readValue(file.toFile(), Part.class);
                if (run.equals(part.run())) {
                    read.add(part);
                } else {
                    Files.deleteIfExists(file);
                }
            } catch (JsonProcessingException e) {
                // Left by another version, or by hand: worth less than the report of everything else.
                Files.deleteIfExists(file);
            }
        }
        return read;
    }
}
