package io.modelassay.junit;

import java.util.List;
import org.apiguardian.api.API;
import org.junit.platform.launcher.LauncherDiscoveryListener;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;

/** Knows the filters of the discovery that runs on this thread, for {@link ParameterTagFilter}. Found by the launcher. */
@API(status = API.Status.INTERNAL)
public final class TagFilters implements LauncherDiscoveryListener {
    private static final ThreadLocal<List<PostDiscoveryFilter>> CURRENT = ThreadLocal.withInitial(List::of);

    /** For the launcher. */
    public TagFilters() {}

    static List<PostDiscoveryFilter> current() {
        return CURRENT.get();
    }

    @Override
    public void launcherDiscoveryStarted(LauncherDiscoveryRequest request) {
        CURRENT.set(List.copyOf(request.getPostDiscoveryFilters()));
    }

    @Override
    public void launcherDiscoveryFinished(LauncherDiscoveryRequest request) {
        CURRENT.remove();
    }
}
