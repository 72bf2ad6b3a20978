package io.modelassay.junit;

import io.modelassay.baseline.Baselines;
import io.modelassay.failure.Problems;
import java.time.Duration;
import org.apiguardian.api.API;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Settings of a run: JUnit configuration parameters, which system properties of the same names also set.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelAssayConfiguration {
    /** {@code required}: a test for a GPU fails where there is none, where it would be skipped otherwise. */
    public static final String GPU = "modelassay.gpu";

    /** Seconds that opening one artifact, its hash check included, may take; 600 unless set. */
    public static final String LOAD_TIMEOUT = "modelassay.load.timeout";

    /** What the run does with baselines: {@code verify} (unless set), {@code record} or {@code update}. */
    public static final String BASELINE = Baselines.MODE_PROPERTY;

    /** Folder of the baselines, {@value Baselines#DEFAULT_FOLDER} unless set. */
    public static final String BASELINE_FOLDER = Baselines.FOLDER_PROPERTY;

    /** {@code true} or {@code false}: whether this is a CI job, where no baseline is written; else as {@code CI} says. */
    public static final String CI = Baselines.CI_PROPERTY;

    private static final String REQUIRED = "required";
    private static final long DEFAULT_LOAD_TIMEOUT = 600;

    private ModelAssayConfiguration() {}

    static Baselines baselines(ExtensionContext context) {
        try {
            return Baselines.of(context::getConfigurationParameter, System.out::println);
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("", Problems.of(e));
        }
    }

    static boolean gpuRequired(ExtensionContext context) {
        String value = context.getConfigurationParameter(GPU).orElse("");
        if (!value.isEmpty() && !value.equals(REQUIRED)) {
            throw new ConfigurationException(
                    GPU + " = \"" + value + "\" means nothing; it is \"" + REQUIRED + "\" or not set");
        }
        return value.equals(REQUIRED);
    }

    static Duration loadTimeout(ExtensionContext context) {
        String value = context.getConfigurationParameter(LOAD_TIMEOUT).orElse("");
        if (value.isEmpty()) {
            return Duration.ofSeconds(DEFAULT_LOAD_TIMEOUT);
        }
        if (!value.matches("[1-9][0-9]{0,8}")) {
            throw new ConfigurationException(LOAD_TIMEOUT + " = \"" + value + "\" is no number of seconds");
        }
        return Duration.ofSeconds(Long.parseLong(value));
    }
}
