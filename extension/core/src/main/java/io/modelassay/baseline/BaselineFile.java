package io.modelassay.baseline;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.modelassay.checkpoint.JsonText;
import io.modelassay.checkpoint.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/** The file of one baseline. It appears, and is replaced, as a whole. */
final class BaselineFile {
    private static final JsonMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();
    private static final String RESTORE = "the file as it was committed, or without it modelassay.baseline=record";

    private final Path path;
    private final String id;

    BaselineFile(Path folder, String id) {
        this.path = folder.resolve(id + Baselines.SUFFIX);
        this.id = id;
    }

    Path path() {
        return path;
    }

    /** @throws BaselineException if the file is no baseline, or that of another id */
    Optional<Baseline> read() {
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        Baseline baseline;
        try {
            JsonNode document = JSON.readTree(Files.readString(path, StandardCharsets.UTF_8));
            String schema = document.path("schema").asText();
            if (!schema.equals(Baseline.SCHEMA)) {
                throw new BaselineException(path, "has the schema \"" + schema + "\", not " + Baseline.SCHEMA, RESTORE);
            }
            baseline = JSON.treeToValue(document, Baseline.class);
        } catch (JsonProcessingException e) {
            String why = e instanceof JsonMappingException && e.getCause() != null
                    ? "lacks or misspells " + e.getCause().getMessage()
                    : "is not valid JSON: " + e.getOriginalMessage();
            throw new BaselineException(path, why, RESTORE, e);
        } catch (IOException e) {
            throw new BaselineException(path, "cannot be read: " + e.getMessage(), "its permissions", e);
        }
        if (!baseline.id().equals(id)) {
            throw new BaselineException(
                    path, "is that of the id \"" + baseline.id() + "\"", "the file's name and its id made equal");
        }
        baseline.tolerances().forEach((figure, tolerance) -> {
            try {
                Tolerance.parse(tolerance);
            } catch (IllegalArgumentException e) {
                throw new BaselineException(
                        path, "has for " + figure + " the tolerance " + tolerance, String.valueOf(e.getMessage()), e);
            }
        });
        return Optional.of(baseline);
    }

    /** Writes the file unless another process has done so meanwhile; whether it was written. */
    boolean create(Baseline baseline) {
        return written(baseline, temporary -> {
            try {
                Files.createLink(path, temporary);
                return true;
            } catch (FileAlreadyExistsException e) {
                return false;
            } catch (UnsupportedOperationException e) {
                Files.copy(temporary, path);
                return true;
            }
        });
    }

    void replace(Baseline baseline) {
        written(baseline, temporary -> {
            WholeFile.move(temporary, path);
            return true;
        });
    }

    private interface Publication {
        boolean of(Path temporary) throws IOException;
    }

    private boolean written(Baseline baseline, Publication publication) {
        try {
            Path folder = Objects.requireNonNull(path.toAbsolutePath().getParent());
            Files.createDirectories(folder);
            Path temporary = WholeFile.beside(folder.resolve(id));
            try {
                Files.writeString(temporary, JsonText.of(baseline), StandardCharsets.UTF_8);
                return publication.of(temporary);
            } finally {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            throw new BaselineException(path, "cannot be written: " + e.getMessage(), "its folder's permissions", e);
        }
    }
}
