package io.modelassay.junit;

import io.modelassay.failure.ModelAssayException;
import io.modelassay.failure.Problem;
import org.apiguardian.api.API;

/** An annotation or setting that cannot mean anything; names the annotation, the attribute, its value and the place. */
@API(status = API.Status.EXPERIMENTAL)
public final class ConfigurationException extends ModelAssayException {
    private static final long serialVersionUID = 1L;

    ConfigurationException(String message) {
        super(new Problem(JUnitProblem.WRONG_CONFIGURATION, message));
    }

    ConfigurationException(String message, String nextStep) {
        super(new Problem(JUnitProblem.WRONG_CONFIGURATION, message, nextStep));
    }

    /** The setting at {@code place} means something that {@code refusal} refuses. */
    ConfigurationException(String place, Problem refusal) {
        super(new Problem(
                JUnitProblem.WRONG_CONFIGURATION, place + refusal.message(), refusal.step(), refusal.place()));
    }
}
