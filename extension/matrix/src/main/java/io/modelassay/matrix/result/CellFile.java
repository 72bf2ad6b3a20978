package io.modelassay.matrix.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.modelassay.checkpoint.JsonText;
import io.modelassay.checkpoint.WholeFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** The document {@code cells/ID/result.json}. */
@API(status = API.Status.INTERNAL)
public final class CellFile {
    private static final JsonMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private CellFile() {}

    /** Makes or replaces {@code file} as a whole. */
    public static void write(Path file, CellResult result) {
        try {
            WholeFile.write(file, JsonText.of(result));
        } catch (IOException e) {
            throw new UncheckedIOException("The result of a cell cannot be written to " + file, e);
        }
    }

    /**
     * Reads a result.
     *
     * @throws CellFileException if the file is absent, damaged or of another form
     */
    public static CellResult read(Path file) {
        CellResult result;
        try {
            result = JSON.readValue(file.toFile(), CellResult.class);
        } catch (JsonProcessingException e) {
            throw new CellFileException(file, "is damaged: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new CellFileException(file, "cannot be read: " + e, e);
        }
        if (result == null || !CellResult.SCHEMA.equals(result.schema())) {
            String found = result == null ? "empty" : "of the form " + result.schema();
            throw new CellFileException(
                    file, "is " + found + ", not " + CellResult.SCHEMA, new IllegalStateException(found));
        }
        missing(result).ifPresent(member -> {
            throw new CellFileException(
                    file, "is damaged: " + member + " is missing", new IllegalStateException(member));
        });
        return result;
    }

    /** The first member that has no value, though one is required. */
    private static Optional<String> missing(CellResult result) {
        return Arrays.stream(CellResult.class.getRecordComponents())
                .filter(component -> !component.getAnnotatedType().isAnnotationPresent(Nullable.class))
                .filter(component -> value(component, result) == null)
                .map(RecordComponent::getName)
                .findFirst();
    }

    private static @Nullable Object value(RecordComponent component, CellResult result) {
        try {
            return component.getAccessor().invoke(result);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("Component " + component + " cannot be read", e);
        }
    }
}
