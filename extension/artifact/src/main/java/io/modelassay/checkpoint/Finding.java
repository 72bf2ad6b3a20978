package io.modelassay.checkpoint;

import java.nio.file.Path;
import java.util.Locale;
import org.apiguardian.api.API;

/**
 * Something about an artifact that its owner would want to know.
 *
 * @param id stable kebab-case name, such as {@code total-size-mismatch} or {@code missing-tensor}
 * @param severity how much it matters
 * @param subject what it is about: the name of a tensor, module or file
 * @param message one sentence with the figures
 * @param nextStep what to do about it
 */
@API(status = API.Status.EXPERIMENTAL)
public record Finding(String id, Severity severity, String subject, String message, String nextStep) {

    /** How much a finding matters. */
    public enum Severity {
        /** Good to know; no loader is known to mind. */
        INFO,
        /** Some loader minds, or a person may be misled. */
        WARNING,
        /** The artifact does not work, or not as its owner believes. */
        ERROR;

        /** As written in documents: {@code info}, {@code warning}, {@code error}. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A finding about a file, named without its folder so that findings do not depend on where the artifact lies. */
    static Finding about(Path file, String id, Severity severity, String message, String nextStep) {
        return new Finding(id, severity, String.valueOf(file.getFileName()), message, nextStep);
    }
}
