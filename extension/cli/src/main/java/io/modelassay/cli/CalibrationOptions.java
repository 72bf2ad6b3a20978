package io.modelassay.cli;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.quantizer.Calibration;
import io.modelassay.runtime.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A calibration as options of a verb. */
final class CalibrationOptions {
    @Option(
            names = "--calibration",
            paramLabel = "FILE",
            description = {
                "What flows through the model: a UTF-8 text, or JSON: an array of windows of token ids,",
                "or an object with input_ids and attention_mask."
            })
    private @Nullable Path file;

    @Option(
            names = "--window",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens in a window of a calibration text; 512 by default.")
    private int window;

    @Option(
            names = "--samples",
            paramLabel = "N",
            defaultValue = "128",
            description = "Most windows of a calibration text, the first; 128 by default.")
    private int samples;

    /** The calibration, if a file is given; a text goes through the tokenizer of {@code checkpoint}. */
    Optional<Calibration> read(Checkpoint checkpoint, Verb verb) {
        if (file == null) {
            return Optional.empty();
        }
        if (String.valueOf(file.getFileName()).endsWith(".json")) {
            return Optional.of(Calibration.read(file));
        }
        Path tokens = checkpoint
                .tokenizerFile()
                .orElseThrow(() -> verb.misused("--calibration: the checkpoint has no tokenizer.json for a text"));
        try (Tokenizer tokenizer = Tokenizer.load(tokens)) {
            String text = Files.readString(file, StandardCharsets.UTF_8);
            return Optional.of(Calibration.ofTokens(String.valueOf(file.getFileName()), tokenizer.encode(text), window)
                    .first(samples));
        } catch (IOException e) {
            throw new UncheckedIOException("The calibration text " + file + " cannot be read", e);
        }
    }
}
