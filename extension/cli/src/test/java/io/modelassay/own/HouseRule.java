package io.modelassay.own;

import io.modelassay.checkpoint.Finding;
import io.modelassay.inspection.InspectionCheck;
import java.util.List;

/** A finding of a team's own, all in this file: their configs name an owner, and one without a mail address is wrong. */
public final class HouseRule implements InspectionCheck {
    private static final String KEY = "house_owner";

    @Override
    public List<Finding> findings(Artifact artifact) {
        var config = artifact.checkpoint().config();
        return !config.isString(KEY) || config.string(KEY).contains("@")
                ? List.of()
                : List.of(new Finding(
                        "house-owner-without-address",
                        Finding.Severity.ERROR,
                        "config.json",
                        "The owner \"" + config.string(KEY) + "\" is no mail address",
                        "write the address of the team"));
    }
}
