package io.modelassay.cli;

import io.modelassay.checkpoint.Finding;
import java.util.List;

/** A finding as JSON. */
record FindingDocument(String id, String severity, String subject, String message, String nextStep) {
    static List<FindingDocument> of(List<Finding> findings) {
        return findings.stream()
                .map(finding -> new FindingDocument(
                        finding.id(),
                        finding.severity().label(),
                        finding.subject(),
                        finding.message(),
                        finding.nextStep()))
                .toList();
    }
}
