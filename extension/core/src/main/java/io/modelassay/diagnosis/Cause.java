package io.modelassay.diagnosis;

import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import java.util.List;
import java.util.function.Predicate;

/**
 * Why some settings fail.
 *
 * @param id stable kebab-case name
 * @param subject module or operation
 * @param message what was measured
 * @param cure what to do
 * @param breaks whether a setting fails by it
 */
record Cause(String id, String subject, String message, String cure, Predicate<Setting> breaks) {
    /** An error where no setting is left, a warning where some are, a remark where all are. */
    Finding finding(List<Setting> settings) {
        long broken = settings.stream().filter(breaks).count();
        Severity severity = broken == 0 ? Severity.INFO : broken == settings.size() ? Severity.ERROR : Severity.WARNING;
        return new Finding(id, severity, subject, message, cure);
    }

    /** As it stands in the way of one setting. */
    Finding error() {
        return new Finding(id, Severity.ERROR, subject, message, cure);
    }
}
