// SPDX-License-Identifier: MIT
// The registry from C++: a session derives from the entry, sections are objects.
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <gracecast/registry.h>

class Session : public gcast_entry
{
  public:
    Session(std::uint64_t id, std::string who) : name(std::move(who))
    {
        gcast_entry_init_id(this, id);
    }

    static Session &of(gcast_entry *e)
    {
        return *static_cast<Session *>(e);
    }

    std::string name;
};

class ReadSection
{
  public:
    explicit ReadSection(gcast_registry *registry) : registry_(registry)
    {
        gcast_read_begin(registry_);
    }
    ~ReadSection()
    {
        gcast_read_end(registry_);
    }
    ReadSection(const ReadSection &) = delete;
    ReadSection &operator=(const ReadSection &) = delete;

  private:
    gcast_registry *registry_;
};

int main()
{
    gcast_registry_opts opts{};
    opts.keys = GCAST_KEYS_ID;
    opts.on_release = [](gcast_entry *e, void *) { delete &Session::of(e); };

    gcast_registry *registry = nullptr;
    if (gcast_registry_new(&registry, &opts) != GCAST_OK)
        return 1;
    gcast_thread_enter(registry);
    for (const char *name : {"ada", "grace"}) {
        auto session = std::make_unique<Session>(gcast_id_new(), name);
        if (gcast_add(registry, session.get()) == GCAST_OK)
            session.release(); // the registry's release callback deletes it
    }
    {
        ReadSection section(registry);
        gcast_cursor cursor{};
        while (gcast_entry *e = gcast_next(registry, &cursor))
            std::cout << e->key.id << ": " << Session::of(e).name << '\n';
    }
    gcast_thread_leave(registry);
    gcast_registry_free(registry);
}
