package io.modelassay.checkpoint;

import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * Something about a checkpoint that does not stop it from being read but that its owner would want to know.
 *
 * @param id stable kebab-case name, such as {@code total-size-mismatch}
 * @param severity how much it matters
 * @param file where it was seen
 * @param message one sentence with the figures
 * @param nextStep what to do about it
 */
@API(status = API.Status.EXPERIMENTAL)
public record CheckpointFinding(String id, Severity severity, Path file, String message, String nextStep) {

    /** How much a finding matters. */
    public enum Severity {
        /** Good to know; no loader is known to mind. */
        INFO,
        /** Some loader minds, or a person may be misled. */
        WARNING
    }
}
